"""Subscribers, a node that serves them, and a wire between two machines."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hss.machine import Event, Turn
from hss.procedures.map_routing_info import CalledParty, IcscfChoice, OperatorFacts
from hss.services.map import EmulatedVlr, MapService, NumberPools, RoamingNumbers
from hss.services.read_model import ReadModel
from hss.sigtran.client import GmscClient, GmscConfig
from hss.sigtran.m3ua.asp import AspConfig
from hss.sigtran.map.calls import Call
from hss.sigtran.map.dispatch import operations
from hss.sigtran.map.gmsc import Question, SriAnswer
from hss.sigtran.sccp.address import Address
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import Node, NodeConfig
from schemas.addresses import GlobalTitle
from schemas.identities import Imsi, Msisdn
from schemas.states import TerminatingPreference

CALLED = "491715407090"
IMSI = "262011234567890"
ICSCF = "icscf1.ims.mnc001.mcc262.3gppnetwork.org"
VOICEBOX = "491713315407090"
VLR = "491720000009"

MOBILE = CalledParty(msisdn=Msisdn(CALLED), imsi=Imsi(IMSI), operator=OperatorFacts(name="mobile"))
IN_VLR = replace(MOBILE, vlr_number=VLR, msc_number=VLR)
IN_IMS = replace(
    MOBILE,
    reachable_in_ims=True,
    preference=TerminatingPreference.IMS_FIRST,
    icscf=IcscfChoice.static(ICSCF),
)
OFF = replace(MOBILE, voicebox=VOICEBOX)


class Database:
    """Parties by number; counts how often it was asked."""

    def __init__(self, *parties: CalledParty) -> None:
        self.parties = parties
        self.asked = 0

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        self.asked += 1
        return next((party for party in self.parties if party.msisdn == msisdn), None)

    async def by_imsi(self, imsi: Imsi) -> CalledParty | None:
        self.asked += 1
        return next((party for party in self.parties if party.imsi == imsi), None)


def pools(prefix: str) -> NumberPools:
    return NumberPools(prefix)


def service_for(
    *parties: CalledParty, remembered: bool = True, vlr: RoamingNumbers | None = None, **options: Any
) -> MapService:
    known: ReadModel[str, CalledParty] = ReadModel(100)
    if remembered:
        known.write(CALLED, None)
        for party in parties:
            known.write(party.msisdn.digits, party)
    return MapService(Database(*parties), known, vlr or EmulatedVlr(pools("4917101")), pools("4917990"), **options)


def node_for(*parties: CalledParty, config: NodeConfig | None = None, **options: Any) -> Node:
    return Node(config or NodeConfig(), operations(service_for(*parties, **options)))


@dataclass
class Wire:
    """Two machines; `left` speaks first. Everything said is kept in `said`, with its side."""

    left: Any
    right: Any
    said: list[tuple[str, bytes]] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)
    later: list[tuple[Any, Any]] = field(default_factory=list)
    now: float = 0.0
    closed: set[str] = field(default_factory=set)

    def connect(self) -> None:
        self._carry("right", self.right.connected(now=self.now))
        self._carry("left", self.left.connected(now=self.now))

    def _carry(self, side: str, turn: Turn[Any]) -> None:
        """Bring what one side asked for to the other, until both are silent."""
        todo: list[tuple[str, Turn[Any]]] = [(side, turn)]
        while todo:
            speaker, turn = todo.pop(0)
            self.events += [(speaker, event) for event in turn.events]
            self.later += [(speaker, work) for work in turn.later]
            if turn.close:
                self.closed.add(speaker)
            hearer = "right" if speaker == "left" else "left"
            for octets in turn.send:
                self.said.append((speaker, octets))
                todo.append((hearer, getattr(self, hearer).receive(octets, now=self.now)))

    def say(self, side: str, octets: bytes) -> None:
        """Let one side send octets of our choice."""
        self._carry(side, Turn(send=[octets]))

    def do(self, side: str, turn: Turn[Any]) -> None:
        self._carry(side, turn)

    async def finish(self) -> None:
        """Do the work that was asked for."""
        while self.later:
            side, work = self.later.pop(0)
            self._carry(side, getattr(self, side).resume(await work, now=self.now))

    def wake(self, now: float) -> None:
        self.now = now
        for side in ("left", "right"):
            due = getattr(self, side).deadline
            if due is not None and due <= now:
                self._carry(side, getattr(self, side).wake(now=now))

    def heard(self, kind: type[Event], side: str | None = None) -> list[Any]:
        return [event for who, event in self.events if isinstance(event, kind) and side in {None, who}]


def ask(node: Node, question: Question, config: GmscConfig | None = None) -> tuple[SriAnswer | None, Wire]:
    """Ask one question over a fresh association."""
    client = GmscClient(config or GmscConfig(), question)
    wire = Wire(client, node.accepted())
    wire.connect()
    return client.answer, wire


def question(version: int = 3, **options: Any) -> Question:
    return Question(msisdn=Msisdn(CALLED), version=version, **options)


@dataclass
class Peers:
    """Two nodes with one association between them; the left one calls."""

    left: Node
    right: Node
    outcomes: list[Any] = field(default_factory=list)
    wire: Any = None

    def connect(self) -> "Peers":
        asp = self.left.connecting(AspConfig(routing_contexts=(100,)))
        sgp = self.right.accepted()
        self.wire = Wire(asp, sgp)
        asp.outlet = lambda turn: self.wire.do("left", turn)
        sgp.outlet = lambda turn: self.wire.do("right", turn)
        self.wire.connect()
        return self

    def call(
        self, operation: int, context: int, write: Callable[[int], bytes], *, version: int = 3, **options: Any
    ) -> Any:
        """Invoke an operation at the right node; give the outcome if there is one already."""
        called = Address(subsystem=6, title=GlobalTitle(digits="491710000000")).encode()
        calling = Address(subsystem=8, title=GlobalTitle(digits="491720000001")).encode()
        call = Call(
            context=context,
            operation=operation,
            version=version,
            write=write,
            called=called,
            calling=calling,
            done=self.outcomes.append,
            **options,
        )
        self.wire.events += [("left", event) for event in self.left.call(call, now=self.wire.now)]
        return self.outcomes[-1] if self.outcomes else None


def caller(**options: Any) -> Node:
    """Build a node that only asks."""
    sccp = SccpConfig(subsystems=frozenset({8}), point_code=1, gateway=2, **options)
    return Node(NodeConfig(sccp=sccp), {})


def peers(right: Node, left: Node | None = None) -> Peers:
    return Peers(left or caller(), right).connect()
