"""What both ends of an M3UA association have in common: checks, ERR, BEAT, traffic of the user."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from hss.machine import Turn
from hss.sigtran.layer import Duty, L, Layer, earliest
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.errors import M3uaFault, Undeliverable
from hss.sigtran.m3ua.events import AssociationGivenUp, ErrorReceived, FaultAnswered, TransferDropped
from hss.sigtran.m3ua.links import Carrier, Links
from hss.sigtran.m3ua.messages import Parameters, Transfer
from schemas.numbers.m3ua import ErrorCode, Kind, Tag

BEAT_DATA_OCTETS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When to send BEAT (RFC 4666): every `every_s`; None: never. An unanswered one ends the association."""

    every_s: float | None = None
    answer_s: float = 10.0


class Association(ABC, Generic[L]):
    """One association; `Sgp` and `Asp` fill in the two roles.

    `outlet` is set by who drives the machine: it carries out a turn that no call of this machine asked for
    (an answer that arrived by another association, NTFY after another ASP's change, a dialogue of our own).
    """

    outlet: Callable[[Turn[L]], None] | None = None

    def __init__(self, user: Layer[Transfer, L], links: Links[L], pulse: Pulse) -> None:
        self._user = user
        self._links = links
        self._pulse = pulse
        self._beats = 0
        self._beat_at: float | None = None
        self._beat_sent: bytes | None = None

    # What the roles fill in.

    @property
    @abstractmethod
    def handlers(self) -> Mapping[Kind, Callable[[Parameters, Turn[L], float], None]]:
        """What to do with each kind of message; another kind is unexpected."""

    @abstractmethod
    def accept(self, transfer: Transfer, now: float) -> None:
        """Check that DATA may come now; raise `M3uaFault` otherwise."""

    @abstractmethod
    def carriers(self, transfer: Transfer) -> Sequence[Carrier] | None:
        """Choose those that take an answer to what came by this one; None: it is kept for later."""

    @abstractmethod
    def reaches(self, point_code: int) -> bool:
        """Tell whether traffic for a point code may go this way now."""

    @abstractmethod
    def label(self, transfer: Transfer) -> Transfer:
        """Give a transfer what this association adds."""

    # Traffic.

    def receive(self, data: bytes, *, now: float) -> Turn[L]:
        """Take one whole message."""
        turn: Turn[L] = Turn()
        try:
            self._take(data, turn, now)
        except Undeliverable as dropped:
            turn.events.append(TransferDropped(why=dropped.why))
            turn.send.append(dropped.answer)
        except M3uaFault as fault:
            turn.events.append(FaultAnswered(code=fault.code, why=fault.why))
            if data[2:4] != b"\0\0":  # never an ERR for an ERR
                turn.send.append(messages.error(fault, data))
        return turn

    def _take(self, data: bytes, turn: Turn[L], now: float) -> None:
        usual = messages.read_usual_data(data, self)
        if usual is not None:
            self.accept(usual, now)
            self.carry(self._user.receive(usual, now=now), turn)
            return
        kind = messages.read_kind(data)
        parameters = messages.read_parameters(data)
        if kind is Kind.DATA:
            transfer = messages.read_transfer(parameters, self)
            self.accept(transfer, now)
            self.carry(self._user.receive(transfer, now=now), turn)
            return
        handler = self.handlers.get(kind)
        if handler is None:
            raise M3uaFault(ErrorCode.UNEXPECTED_MESSAGE, f"{kind.name} is not for this side")
        handler(parameters, turn, now)

    def carry(self, duty: Duty[Transfer, L], turn: Turn[L]) -> None:
        """Carry out what the user asked for, over this association or another one."""
        for transfer in duty.send:
            self._send(transfer, turn)
        turn.later += duty.later
        turn.events += duty.events

    def _send(self, transfer: Transfer, turn: Turn[L]) -> None:
        chosen = self._links.choose(transfer)
        if chosen is None:
            return
        if not chosen:
            turn.events.append(TransferDropped(why=f"no way to point code {transfer.dpc}"))
        for carrier in chosen:
            if carrier is self:
                turn.send.append(messages.write_transfer(self.label(transfer)))
            else:
                carrier.push(transfer)

    def push(self, transfer: Transfer) -> None:
        """Send DATA that no call of this machine asked for."""
        self.push_turn(Turn(send=[messages.write_transfer(self.label(transfer))]))

    def push_turn(self, turn: Turn[L]) -> None:
        """Have a turn carried out that no call of this machine asked for."""
        if self.outlet is not None:
            self.outlet(turn)

    def resume(self, late: L, *, now: float) -> Turn[L]:
        """Pass late work on to the user."""
        turn: Turn[L] = Turn()
        self.carry(self._user.resume(late, now=now), turn)
        return turn

    # Heart beat.

    def start_pulse(self, now: float) -> None:
        """Begin to send BEAT, where that is wished."""
        self._beat_sent = None
        self._beat_at = None if self._pulse.every_s is None else now + self._pulse.every_s

    def stop_pulse(self) -> None:
        """Send no more BEAT."""
        self._beat_at = self._beat_sent = None

    def on_beat(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        """Return BEAT's data unchanged (RFC 4666); without data the answer has none."""
        data = parameters.get(Tag.HEARTBEAT_DATA)
        turn.send.append(messages.write(Kind.BEAT_ACK, [] if data is None else [(Tag.HEARTBEAT_DATA, data)]))

    def on_beat_ack(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        """Note that the peer lives; an answer to nothing, or to another BEAT, is ignored. Some leave the data out."""
        if self._beat_sent is not None and parameters.get(Tag.HEARTBEAT_DATA) in {None, self._beat_sent}:
            self.start_pulse(now)

    def on_error(self, parameters: Parameters, turn: Turn[L], now: float) -> None:  # noqa: ARG002 - a handler
        """Report ERR."""
        turn.events.append(ErrorReceived(code=messages.number_of(parameters, Tag.ERROR_CODE) or 0))

    def _beat(self, turn: Turn[L], now: float) -> None:
        if self._beat_at is None or now < self._beat_at:
            return
        if self._beat_sent is not None:
            self.give_up("no answer to BEAT", turn)
            return
        self._beats += 1
        self._beat_sent = self._beats.to_bytes(BEAT_DATA_OCTETS, "big")
        self._beat_at = now + self._pulse.answer_s
        turn.send.append(messages.write(Kind.BEAT, [(Tag.HEARTBEAT_DATA, self._beat_sent)]))

    def give_up(self, why: str, turn: Turn[L]) -> None:
        """Close the association at once."""
        self.stop_pulse()
        turn.events.append(AssociationGivenUp(why=why))
        turn.close = turn.reset = True

    # Time.

    @property
    def deadline(self) -> float | None:
        """The first of heart beat and user."""
        return earliest(self._beat_at, self._user.deadline)

    def wake(self, *, now: float) -> Turn[L]:
        """Take the time, for the user too."""
        turn: Turn[L] = Turn()
        self._beat(turn, now)
        due = self._user.deadline
        if due is not None and due <= now:
            self.carry(self._user.wake(now=now), turn)
        return turn
