"""How loud each event is; one that is not named here is counted and not logged. `sigtran_levels` has those of MAP."""

import logging
from typing import Final

from hss.app import connecting, routing_outcomes
from hss.diameter import events as diameter
from hss.machine import Event
from hss.transport import events as transport

# They say all of why their connection ends; what else ends with it is no news.
ENDINGS: Final[frozenset[type[Event]]] = frozenset({diameter.BadLength})

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
    routing_outcomes.SipUnanswered: logging.DEBUG,
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
