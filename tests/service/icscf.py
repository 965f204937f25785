"""The I-CSCF of the captured messages: what it sends, and an HSS that knows what it asks for."""

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.service.conftest import Service
from tests.service.wire import Peer

P = TypeVar("P", bound=Peer)

VECTORS = Path(__file__).parents[1] / "vectors" / "cx"
KAMAILIO = {one["name"]: bytes.fromhex(one["hex"]) for one in json.loads(
    (VECTORS / "cx_kamailio.json").read_text())["messages"]}  # fmt: skip
MALFORMED = json.loads((VECTORS / "cx_malformed.json").read_text())
CASES = {case["id"]: case for case in MALFORMED["cases"]}
GOOD_LIR = bytes.fromhex(MALFORMED["good_lir"])
GOOD_SESSION = b"icscf.ims.test;1718000000;42;000000001"
SCSCF = "sip:scscf.ims.test:6060"
NAMES = ("--origin-host", "hss.ims.test", "--origin-realm", "ims.test")
ICSCF = "icscf.ims.test"


def furnish(service: Service) -> None:
    """Put what Kamailio and the malformed messages ask for, into a database without records."""
    service.put("operators", "test", type=1, home_domain="ims.test", country_code="49", prefixes=["+491715"])
    for name, state, uris in (
        ("alice", "registered", ["sip:+491715407090@ims.test", "tel:+491715407090"]),
        ("bob", "registered", ["sip:+491715400000@ims.test"]),
        ("carol", "not-registered", ["sip:notreg@ims.test"]),
    ):
        sets = [{"state": state, "identities": [{"uri": uri} for uri in uris]}]
        service.put("subscriptions", name, operator="test", sets=sets, scscf={"name": SCSCF})


@contextmanager
def many(connect: Callable[[], P]) -> Iterator[Callable[[], P]]:
    """Give `connect`, and close what it has opened."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(connect())


def still_serves(peer: Peer) -> bool:
    return peer.ask(GOOD_LIR).result == 2001


def numbered(count: int) -> list[bytes]:
    """Write LIRs with Hop-by-Hop Identifiers from 0 on."""
    return [GOOD_LIR[:12] + struct.pack(">I", number) + GOOD_LIR[16:] for number in range(count)]
