"""Load an HSS with LIRs over one TCP connection, and measure it from outside."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hss.app.load import Figures, Ready, Run, connection_of, measured
from hss.diameter.client import LocationInfoTemplate, surroundings
from hss.diameter.framing import Framing
from hss.diameter.local import Local
from hss.diameter.peer import Link, PeerMachine, State, end_to_end_identifiers

REQUEST_FLAG: Final = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class CxRun(Run):
    """What to send to whom."""

    origin_host: str
    origin_realm: str
    destination_realm: str


def load_location_info(run: CxRun, identity: Callable[[int], str]) -> Figures:
    """Send `run.requests` LIRs; `identity` gives the public identity of each. Raises `NoAnswer`."""
    started = int(datetime.now(UTC).timestamp())
    local = Local(
        origin_host=run.origin_host,
        origin_realm=run.origin_realm,
        host_addresses=("127.0.0.1",),
        origin_state_id=started,
        accept_unknown_peers=True,
        twinit_s=3600.0,
    )
    around = surroundings(local, jitter=lambda: 0.0, end_to_end=end_to_end_identifiers(started, secrets.randbits(20)))
    peer = PeerMachine(around, Link(hop_by_hop=0, expected_host=""))
    prefix = f"{run.origin_host};{started}{secrets.randbelow(1000):03}"
    template = LocationInfoTemplate(local, destination_realm=run.destination_realm, session_prefix=prefix)
    with connection_of(run) as connection:
        machine = Framing(peer, limit=local.max_message_octets)
        ready = Ready(connection, machine, is_ready=lambda: peer.state is State.OPEN)
        return measured(
            run,
            ready,
            lambda number: template.write(identity(number), number),
            length_of=_length,
            number_of=_number,
        )


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 1 : at + 4], "big")


def _number(data: bytes, at: int) -> int:
    return -1 if data[at + 4] & REQUEST_FLAG else int.from_bytes(data[at + 12 : at + 16], "big")
