"""How loud each event is; one that is not named here is counted and not logged."""

import logging
from typing import Final

from hss.app import connecting, m3ua_connecting
from hss.diameter import events as diameter
from hss.machine import Event
from hss.sigtran.m3ua import events as m3ua
from hss.sigtran.m3ua import framing as m3ua_framing
from hss.sigtran.map import machine as mapped
from hss.sigtran.sccp import machine as sccp
from hss.sigtran.tcap import machine as tcap
from hss.transport import events as transport

LEVEL_OF: Final[dict[type[Event], int]] = {
    transport.ConnectionOpened: logging.DEBUG,
    transport.ConnectionClosed: logging.INFO,
    transport.MachineFailed: logging.ERROR,
    transport.PeerStalled: logging.WARNING,
    transport.TooManyConnections: logging.WARNING,
    transport.HandshakeFailed: logging.WARNING,
    transport.AcceptFailed: logging.ERROR,
    transport.DatagramFailed: logging.WARNING,
    transport.PathChanged: logging.WARNING,
    transport.PathConfirmed: logging.INFO,
    transport.AssociationChanged: logging.INFO,
    transport.ForeignPayload: logging.WARNING,
    transport.MessageTooLong: logging.WARNING,
    connecting.ConnectFailed: logging.WARNING,
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
    diameter.PeerOpened: logging.INFO,
    diameter.PeerRefused: logging.WARNING,
    diameter.PeerClosed: logging.INFO,
    diameter.PeerRestarted: logging.WARNING,
    diameter.WatchdogChanged: logging.INFO,
    diameter.ConnectionDropped: logging.WARNING,
    diameter.BadLength: logging.WARNING,
    diameter.MessageIgnored: logging.INFO,
    diameter.RequestRefused: logging.INFO,
    diameter.RequestFailed: logging.WARNING,
}
