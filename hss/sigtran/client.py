"""The machine of `hss query sri`: it brings up an ASP, asks one question, reads the answer, and ends in good order."""

from dataclasses import dataclass, field

from hss.machine import Event, Turn
from hss.sigtran.layer import earliest
from hss.sigtran.m3ua.asp import AspConfig
from hss.sigtran.m3ua.events import AspState, AspStateChanged
from hss.sigtran.map.calls import Lost, Outcome
from hss.sigtran.map.gmsc import Question, SriAnswer, read_answer
from hss.sigtran.map.machine import Late
from hss.sigtran.sccp.address import Address
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import Node, NodeConfig
from hss.sigtran.tcap.machine import TcapConfig
from hss.sigtran.tcap.user import Ending
from schemas.addresses import GlobalTitle
from schemas.numbers.m3ua import TrafficMode
from schemas.numbers.map import DEFAULT_EXTENSION
from schemas.numbers.sccp import Subsystem


@dataclass(frozen=True, slots=True, kw_only=True)
class GmscConfig:
    """Who asks, and whom. `hlr_title` None: the HLR is addressed by the number that is asked about (E.164)."""

    point_code: int = 1
    hlr_point_code: int = 2
    network_indicator: int = 2
    title: str = "491720000001"
    hlr_title: str | None = None
    on_subsystem: bool = False  # address the HLR by point code and subsystem, without a title
    asp: AspConfig = field(default_factory=lambda: AspConfig(routing_contexts=(100,), mode=TrafficMode.LOADSHARE))
    extension_oid: str = DEFAULT_EXTENSION
    first_id: int = 1
    within_s: float = 10.0  # for the whole: connection, ASP, answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged(Event):
    """A whole M3UA message went out or came in."""

    sent: bool
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SriAnswered(Event):
    """The question is answered, or will never be."""

    answer: SriAnswer


class GmscClient:
    """One question over one association; reports `Exchanged` for each message and `SriAnswered` once."""

    def __init__(self, config: GmscConfig, question: Question) -> None:
        self._config = config
        self._question = question
        self._node = Node(
            NodeConfig(
                sccp=SccpConfig(
                    subsystems=frozenset({int(Subsystem.MSC)}),
                    point_code=config.point_code,
                    network_indicator=config.network_indicator,
                    gateway=config.hlr_point_code,
                ),
                tcap=TcapConfig(first_id=config.first_id),
            ),
            {},
        )
        self._asp = self._node.connecting(config.asp)
        self._asp.outlet = self._push
        self._pushed: list[Turn[Late]] = []
        self._outcome: Outcome | None = None
        self._asked = False
        self._until: float | None = None
        self.answer: SriAnswer | None = None

    def _push(self, turn: Turn[Late]) -> None:
        self._pushed.append(turn)

    @property
    def deadline(self) -> float | None:
        """The first of the association and the end of patience."""
        return earliest(self._asp.deadline, self._until)

    def connected(self, *, now: float) -> Turn[Late]:
        """Bring up the ASP."""
        self._until = now + self._config.within_s
        return self._after(self._asp.connected(now=now), now)

    def receive(self, data: bytes, *, now: float) -> Turn[Late]:
        """Take one whole message."""
        turn = self._asp.receive(data, now=now)
        turn.events.insert(0, Exchanged(sent=False, octets=data))
        return self._after(turn, now)

    def resume(self, late: Late, *, now: float) -> Turn[Late]:
        """Pass on."""
        return self._after(self._asp.resume(late, now=now), now)

    def wake(self, *, now: float) -> Turn[Late]:
        """Take the time; lose patience."""
        turn = self._asp.wake(now=now)
        if self._until is not None and now >= self._until:
            self._until = None
            self._hear(Lost(how=Ending.EXPIRED))
        return self._after(turn, now)

    def disconnected(self, *, now: float) -> Turn[Late]:
        """Report a loss before the answer."""
        turn = self._asp.disconnected(now=now)
        self._hear(Lost(how=Ending.NOTICE))
        return self._after(turn, now)

    def _hear(self, outcome: Outcome) -> None:
        if self._outcome is None:
            self._outcome = outcome

    def _after(self, turn: Turn[Late], now: float) -> Turn[Late]:
        """Ask as soon as the ASP is active; end as soon as there is an answer."""
        active = any(isinstance(event, AspStateChanged) and event.state is AspState.ACTIVE for event in turn.events)
        if active and not self._asked:
            self._asked = True
            call = self._question.call(*self._addresses(), self._hear, within_s=self._config.within_s)
            turn.events += self._node.call(call, now=now)
        self._take_pushed(turn)
        if self._outcome is not None and self.answer is None:
            self.answer = read_answer(self._outcome, self._config.extension_oid)
            self._until = None
            turn.add(self._asp.stop(now=now))
            turn.events.append(SriAnswered(answer=self.answer))
        turn.events += [Exchanged(sent=True, octets=octets) for octets in turn.send]
        return turn

    def _take_pushed(self, turn: Turn[Late]) -> None:
        for pushed in self._pushed:
            turn.add(pushed)
        self._pushed.clear()

    def _addresses(self) -> tuple[bytes, bytes]:
        """Write called and calling address (TS 29.002 §6.1.3)."""
        config = self._config
        if config.on_subsystem:
            called = Address(subsystem=Subsystem.HLR, point_code=config.hlr_point_code, on_subsystem=True)
            calling = Address(subsystem=Subsystem.MSC, point_code=config.point_code, on_subsystem=True)
            return called.encode(), calling.encode()
        title = config.hlr_title or self._question.msisdn.digits
        called = Address(subsystem=Subsystem.HLR, title=GlobalTitle(digits=title))
        calling = Address(subsystem=Subsystem.MSC, title=GlobalTitle(digits=config.title))
        return called.encode(), calling.encode()
