"""Who we are towards our peers, and what we put up with."""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

from schemas.numbers.diameter import Application


class SecondConnection(Enum):
    """What to do with a second connection of a peer that is open already."""

    ASK = "ask"  # the old one, by a watchdog request: is it still there?
    REPLACE = "replace"  # always take the new one
    ALLOW = "allow"  # keep both: RFC 6733 2.1 permits it where the peer runs several instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Our own side. Names are compared without case; times are in seconds."""

    origin_host: str
    origin_realm: str
    host_addresses: tuple[str, ...]  # one Host-IP-Address each; a connection may have its own
    origin_state_id: int  # greater than at any earlier start of this host
    product_name: str = "Homeward"
    vendor_id: int = 0  # our enterprise number; 0 is to be ignored (RFC 6733 5.3.3)
    applications: tuple[int, ...] = (Application.CX,)
    other_realms: Container[str] = ()  # in lower case, looked at anew for each request
    strict: bool = False  # refuse what the specifications let us ignore
    accept_unknown_peers: bool = False
    second_connection: SecondConnection = SecondConnection.ASK
    max_message_octets: int = 65_536
    requests_open_limit: int = 10_000  # of one peer, waiting for the database
    twinit_s: float = 30.0  # RFC 3539 3.4.1, never below 6
    cer_s: float = 10.0  # for a CER to come after the connection
    cea_s: float = 10.0  # for a CEA to come after our CER
    probe_s: float = 2.0  # for an old connection to show that it is alive
    dpa_s: float = 5.0  # for a DPA to come after our DPR
    leave_s: float = 5.0  # for the peer to close after our DPA
    drain_s: float = 5.0  # for open requests to be answered before our DPR

    def serves_realm(self, realm: str) -> bool:
        """Tell whether requests for `realm` are for us."""
        wanted = realm.lower()
        return wanted == self.origin_realm.lower() or wanted in self.other_realms

    def is_named(self, host: str) -> bool:
        """Tell whether `host` is our name."""
        return host.lower() == self.origin_host.lower()
