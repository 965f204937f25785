"""Load an HLR with sendRoutingInfo over one M3UA association on TCP, and measure it from outside."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from hss.app.load import Figures, Ready, Run, connection_of, measured
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.asp import AspConfig
from hss.sigtran.m3ua.events import AspState
from hss.sigtran.m3ua.framing import Framing
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.map.contexts import write_context
from hss.sigtran.map.gmsc import Question
from hss.sigtran.map.numbers import Address as MapAddress
from hss.sigtran.sccp.address import Address as SccpAddress
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.stack import Node, NodeConfig
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Invoke
from hss.sigtran.tcap.messages import Message as TcapMessage
from schemas.addresses import GlobalTitle
from schemas.identities import Msisdn
from schemas.numbers.m3ua import Kind, Tag, TrafficMode
from schemas.numbers.map import Context, Operation
from schemas.numbers.sccp import Subsystem, Type
from schemas.numbers.tcap import Tag as TcapTag

PLACEHOLDER: Final = b"\xa5\x5a\xc3\x3c"  # stands for the transaction id in a template
RESULT, ERROR = 0xA2, 0xA3  # tags of components


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRun(Run):
    """What to send to whom."""

    version: int
    hlr_number: str
    gmsc_number: str
    point_code: int
    hlr_point_code: int
    routing_context: int | None


@dataclass(slots=True, kw_only=True)
class MapFigures:
    """What one run gave, and how many answers were results, errors or neither."""

    figures: Figures
    outcomes: Counter[str] = field(default_factory=Counter)


def load_routing_info(run: MapRun, number: Callable[[int], str]) -> MapFigures:
    """Send `run.requests` sendRoutingInfo; `number` gives the digits that each asks about. Raises `NoAnswer`."""
    contexts = () if run.routing_context is None else (run.routing_context,)
    asp = Node(NodeConfig(), {}).connecting(AspConfig(routing_contexts=contexts, mode=TrafficMode.LOADSHARE))
    template = SriTemplate(run)
    outcomes: Counter[int] = Counter()
    with connection_of(run) as connection:
        figures = measured(
            run,
            Ready(connection, Framing(asp), is_ready=lambda: asp.state is AspState.ACTIVE),
            lambda each: template.write(number(each), each),
            length_of=_length,
            number_of=partial(_transaction, outcomes=outcomes),
        )
    named = {"results": outcomes[RESULT], "errors": outcomes[ERROR]}
    return MapFigures(figures=figures, outcomes=Counter(named | {"others": outcomes.total() - sum(named.values())}))


class SriTemplate:
    """sendRoutingInfo with just what a run needs: transaction id and number are filled in, all else is the same."""

    def __init__(self, run: MapRun) -> None:
        self._run = run
        self._parts: dict[int, tuple[bytes, bytes, bytes]] = {}  # by the count of digits

    def write(self, digits: str, transaction: int) -> bytes:
        """Write a whole M3UA message."""
        parts = self._parts.get(len(digits))
        if parts is None:
            parts = self._parts[len(digits)] = self._split(digits)
        head, middle, tail = parts
        return head + transaction.to_bytes(4, "big") + middle + MapAddress(digits).encode() + tail

    def _split(self, digits: str) -> tuple[bytes, bytes, bytes]:
        head, _, rest = self._whole(digits).partition(PLACEHOLDER)
        middle, _, tail = rest.partition(MapAddress(digits).encode())
        return head, middle, tail

    def _whole(self, digits: str) -> bytes:
        run = self._run
        question = Question(msisdn=Msisdn(digits), gmsc_number=run.gmsc_number)
        invoke = Invoke(invoke_id=1, operation=Operation.SEND_ROUTING_INFO, parameter=question.write(run.version))
        context = write_context(Context.LOCATION_INFO_RETRIEVAL, run.version)
        begin = TcapMessage(
            type=TcapTag.BEGIN,
            originating=PLACEHOLDER,
            portion=b"" if run.version == 1 else portions.request(context),
            components=invoke.encode(),
        )
        called = SccpAddress(subsystem=Subsystem.HLR, title=GlobalTitle(digits=run.hlr_number)).encode()
        calling = SccpAddress(subsystem=Subsystem.MSC, title=GlobalTitle(digits=run.gmsc_number)).encode()
        unitdata = SccpMessage(type=Type.UDT, code=0, called=called, calling=calling, data=begin.encode())
        return messages.write_transfer(
            Transfer(
                opc=run.point_code,
                dpc=run.hlr_point_code,
                data=unitdata.encode(),
                routing_context=run.routing_context,
            )
        )


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 4 : at + 8], "big")


def _transaction(data: bytes, at: int, outcomes: Counter[int]) -> int:
    """Find the transaction that an answer belongs to, and note the outcome; what is no answer gives -1.

    A closed loop knows what it gets: DATA with one UDT that ends or aborts a transaction, all lengths in short form
    but that of the whole TCAP message. It is read as such, for the load must not cost more than what it loads.
    """
    if int.from_bytes(data[at + 2 : at + 4], "big") != Kind.DATA:
        return -1
    at += 8
    while int.from_bytes(data[at : at + 2], "big") != Tag.PROTOCOL_DATA:
        at += 8
    at += 16  # of the parameter: head and routing label
    at += 4 + data[at + 4] + 1  # of the UDT: its third pointer, and the length of the data
    at += 3 if data[at + 1] & 0x80 else 2
    transaction = int.from_bytes(data[at + 2 : at + 6], "big")
    at += 6
    if data[at] == TcapTag.DIALOGUE_PORTION:
        at += 2 + data[at + 1]
    outcomes[data[at + (3 if data[at + 1] & 0x80 else 2)]] += 1
    return transaction
