"""How loud the events of MAP and the layers below it are; one that is not named here is counted and not logged."""

import logging
from typing import Final

from hss.app import m3ua_connecting
from hss.machine import Event
from hss.sigtran.m3ua import events as m3ua
from hss.sigtran.m3ua import framing as m3ua_framing
from hss.sigtran.map import machine as mapped
from hss.sigtran.sccp import machine as sccp
from hss.sigtran.tcap import machine as tcap

LEVEL_OF: Final[dict[type[Event], int]] = {
    m3ua_connecting.GatewayUnreachable: logging.WARNING,
    m3ua.AspStateChanged: logging.INFO,
    m3ua.AsStateChanged: logging.DEBUG,
    m3ua.FaultAnswered: logging.WARNING,
    m3ua.ErrorReceived: logging.WARNING,
    m3ua.Notified: logging.DEBUG,
    m3ua.DestinationChanged: logging.INFO,
    m3ua.UserUnavailable: logging.WARNING,
    m3ua.TransferDropped: logging.WARNING,
    m3ua.AssociationGivenUp: logging.WARNING,
    m3ua_framing.BadLength: logging.WARNING,
    sccp.Discarded: logging.INFO,
    sccp.Returned: logging.INFO,
    sccp.SubsystemNews: logging.DEBUG,
    tcap.Aborted: logging.INFO,
    tcap.Unanswerable: logging.INFO,
    mapped.ContextRefused: logging.INFO,
    mapped.ServiceFailed: logging.ERROR,
}
