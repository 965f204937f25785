"""LIR to LIA through all layers in one process: no socket, no database, one core.

Run: python benchmarks/lir_codec.py [identities]. Prints microseconds of CPU for one transaction, by the number of
messages that one read brings: known identities drawn at random whose answer is kept, the first answer to each, and
unknown identities, no two of them the same (without those, about one in a hundred, that the filter does not know for
sure: a database would be asked). The figures are those of framing, watchdog, codec, canonical form,
dispatch, counters, read model and membership filter.
"""

import gc
import random
import sys
import time
from collections.abc import Callable, Iterable
from typing import Final

from hss.diameter import client, cx
from hss.diameter.dispatch import Dispatcher
from hss.diameter.framing import Framing
from hss.diameter.local import Local
from hss.diameter.peer import Link, PeerMachine, Surroundings, end_to_end_identifiers
from hss.diameter.peers import PeerTable
from hss.machine import Turn
from hss.procedures.cx import ServedIdentity
from hss.services.cx import CxService
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import ReadModel
from schemas.states import RegistrationState

REALM: Final = "ims.test"
SERVER: Final = Local(origin_host="hss.ims.test", origin_realm=REALM, host_addresses=("127.0.0.1",), origin_state_id=1)
CLIENT: Final = Local(
    origin_host="icscf.ims.test", origin_realm=REALM, host_addresses=("127.0.0.1",), origin_state_id=1
)
BURSTS: Final = (1, 16, 64, 256)
TRANSACTIONS: Final = 100_000
SCSCF: Final = "sip:scscf.ims.test:6060"


class NoDatabase:
    """A store that nobody has to ask."""

    async def by_uri(self, uri: str) -> ServedIdentity | None:
        """Fail: the benchmark is about what memory answers."""
        raise LookupError(uri)

    async def wildcards(self) -> list[str]:
        """List no wildcards."""
        return []

    async def note_reassignment(self, uri: str) -> None:
        """Note nothing."""


def hss(identities: int) -> tuple[Framing, Membership]:
    """Make an open connection to an HSS that knows `identities`, and its filter."""
    known: ReadModel[str, ServedIdentity] = ReadModel(identities)
    members = Membership()
    members.begin(identities)
    for number in range(identities):
        uri = name(number)
        known.write(uri, ServedIdentity(uri=uri, state=RegistrationState.REGISTERED, scscf_name=SCSCF))
        members.add_all((uri,))
    members.finish()
    service = CxService(store=NoDatabase(), known=known, members=members, wildcards=WildcardIndex(), home={REALM})
    around = Surroundings(
        local=SERVER,
        dispatcher=Dispatcher(SERVER, cx.entries(service, {REALM}), kept_limit=identities),
        peers=client.Anybody(),
        table=PeerTable(),
        jitter=lambda: 0.0,
        end_to_end=end_to_end_identifiers(1, 2),
    )
    machine = Framing(PeerMachine(around, Link(hop_by_hop=1)), limit=65_536)
    asker = PeerMachine(
        client.surroundings(CLIENT, jitter=lambda: 0.0, end_to_end=end_to_end_identifiers(3, 4)),
        Link(hop_by_hop=1, expected_host=""),
    )
    machine.connected(now=0.0)
    for message in asker.connected(now=0.0).send:
        machine.receive(message, now=0.0)
    return machine, members


def name(number: int) -> str:
    """Give the identity of a number."""
    return f"tel:+4917{number:09}"


def questions(names: Iterable[str]) -> list[bytes]:
    """Write an LIR for each."""
    template = client.LocationInfoTemplate(CLIENT, destination_realm=REALM, session_prefix="icscf.ims.test;1")
    return [template.write(public, number) for number, public in enumerate(names)]


def cost(receive: Callable[..., Turn[bytes]], messages: list[bytes], burst: int) -> float:
    """Measure microseconds of CPU for one message."""
    pieces = [b"".join(messages[at : at + burst]) for at in range(0, len(messages), burst)]
    began = time.process_time()
    answers = sum(len(receive(piece, now=1.0).send) for piece in pieces)
    spent = time.process_time() - began
    if answers != len(messages):
        raise RuntimeError(f"{answers} answers to {len(messages)} requests")
    return spent / len(messages) * 1e6


def main() -> None:
    """Print the table."""
    identities = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    machine, members = hss(identities)
    gc.collect()
    gc.freeze()
    chance = random.Random(1)  # noqa: S311 - which identity is asked for guards nothing
    first = cost(machine.receive, questions(map(name, range(identities))), 64)
    print(f"{identities} identities; first answer to each: {first:.1f} us")
    print(f"{'messages in a read':>20} {'known':>8} {'unknown':>8} {'ratio':>6}")
    for burst in BURSTS:
        hot = questions(name(chance.randrange(identities)) for _ in range(TRANSACTIONS))
        known = min(cost(machine.receive, hot, burst) for _ in range(3))
        strange = (f"tel:+4930{chance.randrange(10**10):010}" for _ in range(TRANSACTIONS))
        cold = questions(public for public in strange if not members.may_have(public))
        unknown = min(cost(machine.receive, cold, burst) for _ in range(3))
        print(f"{burst:>20} {known:>8.2f} {unknown:>8.2f} {unknown / known:>6.2f}")


if __name__ == "__main__":
    main()
