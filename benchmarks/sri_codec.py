"""sendRoutingInfo through all layers in one process: no socket, no database, one core.

Run: python benchmarks/sri_codec.py [count]. Prints microseconds of CPU for each transaction from octets to octets:
M3UA, SCCP, TCAP, MAP, service, decision, and back. The first time an answer is worked out, later it is remembered.
"""

import gc
import sys
import time
from collections.abc import Iterator
from typing import Final

from hss.procedures.map_routing_info import CalledParty, IcscfChoice
from hss.services.map import EmulatedVlr, MapService, NumberPools
from hss.services.read_model import ReadModel
from hss.sigtran.client import GmscClient, GmscConfig, SriAnswered
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.framing import Framing
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.m3ua.sgp import Sgp
from hss.sigtran.map.dispatch import operations
from hss.sigtran.map.gmsc import Question
from hss.sigtran.map.machine import Late
from hss.sigtran.sccp.address import Address
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.stack import Node, NodeConfig
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Invoke
from hss.sigtran.tcap.messages import Message as TcapMessage
from routing.selection import Member
from schemas.addresses import GlobalTitle
from schemas.identities import Imsi, Msisdn
from schemas.numbers.m3ua import Kind, Tag
from schemas.numbers.sccp import Subsystem, Type
from schemas.numbers.tcap import Tag as TcapTag
from schemas.states import TerminatingPreference

SUBSCRIBERS: Final = 10_000
LIFETIME_S: Final = 0.5
FIRST: Final = 491_715_000_000


class Nobody:
    """A database without subscribers."""

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        """Find nobody."""
        del msisdn
        return None

    async def by_imsi(self, imsi: Imsi) -> CalledParty | None:
        """Find nobody."""
        del imsi
        return None


def parties() -> Iterator[tuple[str, CalledParty | None]]:
    """Make a third in a VLR, a third in IMS behind a pool of three, a third unknown."""
    pool = IcscfChoice(members=tuple(Member(host=f"icscf{n}.ims.mnc001.mcc262.3gppnetwork.org") for n in (1, 2, 3)))
    for number in range(SUBSCRIBERS):
        digits = str(FIRST + number)
        msisdn, imsi = Msisdn(digits), Imsi(f"26201{number:010d}")
        yield digits, CalledParty(msisdn=msisdn, imsi=imsi, vlr_number="491710000009")
        ims = Msisdn(str(FIRST + SUBSCRIBERS + number))
        yield (
            ims.digits,
            CalledParty(
                msisdn=ims,
                imsi=imsi,
                reachable_in_ims=True,
                icscf=pool,
                preference=TerminatingPreference.IMS_FIRST,
            ),
        )
        yield str(FIRST + 2 * SUBSCRIBERS + number), None


def node() -> Node:
    """Build the HSS."""
    known: ReadModel[str, CalledParty] = ReadModel(4 * SUBSCRIBERS)
    for digits, party in parties():
        known.write(digits, party)
    vlr = EmulatedVlr(NumberPools("49171010", lifetime_s=LIFETIME_S))
    service = MapService(Nobody(), known, vlr, NumberPools("49179900", lifetime_s=LIFETIME_S))
    return Node(NodeConfig(), operations(service))


def request(number: int, base: int, version: int) -> bytes:
    """Write a whole M3UA message with one sendRoutingInfo."""
    question = Question(msisdn=Msisdn(str(base + number)))
    invoke = Invoke(invoke_id=1, operation=22, parameter=question.write(version))
    context = bytes.fromhex("04000001000500")[:-1] + bytes((version,))
    begin = TcapMessage(
        type=TcapTag.BEGIN,
        originating=number.to_bytes(4, "big"),
        portion=b"" if version == 1 else portions.request(context),
        components=invoke.encode(),
    )
    called = Address(subsystem=Subsystem.HLR, title=GlobalTitle(digits="491710000000")).encode()
    calling = Address(subsystem=Subsystem.MSC, title=GlobalTitle(digits="491720000001")).encode()
    udt = SccpMessage(type=Type.UDT, code=0, called=called, calling=calling, data=begin.encode())
    return messages.write_transfer(Transfer(opc=1, dpc=2, data=udt.encode(), routing_context=100))


def activate(sgp: Sgp[Late] | Framing[Late]) -> None:
    """Bring the association up as an ASP does."""
    sgp.connected(now=0.0)
    sgp.receive(messages.write(Kind.ASPUP), now=0.0)
    sgp.receive(messages.write(Kind.ASPAC, [(Tag.ROUTING_CONTEXT, messages.word(100))]), now=0.0)


def measure(what: str, base: int, version: int, count: int, per_read: int = 1) -> None:
    """Answer a question about each subscriber, then `count` more, `per_read` in each read; print the figures."""
    machine = Framing(node().accepted())
    activate(machine)
    wires = [request(number, base, version) for number in range(SUBSCRIBERS)]
    reads = [b"".join(wires[at : at + per_read]) for at in range(0, len(wires), per_read)]
    gc.collect()
    gc.freeze()
    first = drive(machine, reads, len(wires))
    again = drive(machine, reads, count)
    sys.stdout.write(f"{what:<12} v{version}  {per_read:>3}/read  {again:6.1f} us CPU, the first time {first:6.1f}\n")


def drive(machine: Framing[Late], reads: list[bytes], count: int) -> float:
    """Feed reads until `count` are answered; give the microseconds of CPU for each."""
    answered, at, started = 0, 0, time.process_time()
    while answered < count:
        answered += len(machine.receive(reads[at], now=time.perf_counter()).send)
        at = (at + 1) % len(reads)
    return (time.process_time() - started) / answered * 1e6


def check() -> None:
    """Ask one question in full, so that the figures are of a system that works."""
    sgp = node().accepted()
    client = GmscClient(GmscConfig(), Question(msisdn=Msisdn(str(FIRST + SUBSCRIBERS))))
    sgp.connected(now=0.0)
    waiting = client.connected(now=0.0)
    while client.answer is None:
        answers = [octets for each in waiting.send for octets in sgp.receive(each, now=0.0).send]
        waiting.send.clear()
        for octets in answers:
            turn = client.receive(octets, now=0.0)
            waiting.send += turn.send
            for event in turn.events:
                if isinstance(event, SriAnswered):
                    sys.stdout.write(f"{event.answer}\n")


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    check()
    sys.stdout.write(f"Python {sys.version.split()[0]}, {count} transactions each\n")
    for version in (3, 2, 1):
        for what, base in (("MSRN", FIRST), ("I-CSCF", FIRST + SUBSCRIBERS), ("unknown", FIRST + 2 * SUBSCRIBERS)):
            measure(what, base, version, count)
    measure("MSRN", FIRST, 3, count, 64)


if __name__ == "__main__":
    main()
