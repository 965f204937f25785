"""Transactions and dialogues of one node. Source: ITU-T Q.774.

A dialogue that its user ends in the call that began it never enters the table of transactions.
"""

import heapq
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, Protocol

from hss.machine import Event
from hss.sigtran.layer import Duty, L
from hss.sigtran.sccp.machine import Notice
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Component, read_components
from hss.sigtran.tcap.dialogue import Portion
from hss.sigtran.tcap.messages import BadTransaction, Message, read_usual_begin, write_end
from schemas.numbers.tcap import Diagnostic, PAbortCause, Tag
from schemas.octets import DecodeError

ID_OCTETS: Final = 4
MOST_ID: Final = 0xFFFFFFFF


class Verb(Enum):
    """What a user asks of a dialogue."""

    BEGIN = Tag.BEGIN
    CONTINUE = Tag.CONTINUE
    END = Tag.END
    ABORT = Tag.ABORT
    FORGET = 0  # end it here without a message


@dataclass(slots=True, kw_only=True, eq=False)
class Dialogue:
    """One dialogue, as both layers see it. `state` belongs to the user.

    `first` is the message that began it, or the one that shows the way to the peer.
    """

    first: Unitdata
    remote: bytes = b""
    local: int | None = None
    context: bytes = b""
    ours: bool = False
    confirmed: bool = False  # the first message back has gone, or has come
    closed: bool = False
    until: float = 0.0
    state: Any = None


@dataclass(slots=True, kw_only=True)
class Request:
    """What a user asks. `components` are octets; `portion` is a whole dialogue portion."""

    verb: Verb
    dialogue: Dialogue
    components: bytes = b""
    portion: bytes = b""
    cause: PAbortCause | None = None  # of an Abort that speaks for the provider
    within_s: float | None = None  # how long the dialogue may wait from now on


class Ending(Enum):
    """How a dialogue ended without an End."""

    P_ABORT = "provider abort"
    U_ABORT = "user abort"
    REFUSED = "refused"
    NOTICE = "returned by the network"
    EXPIRED = "no answer in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Why a dialogue ended; `cause` is a P-Abort cause or a return cause."""

    how: Ending
    cause: int | None = None
    portion: Portion | None = None


class DialogueUser(Protocol[L]):
    """The user of TCAP."""

    def answer_at_once(
        self, portion: Portion | None, components: bytes, *, now: float
    ) -> tuple[bytes, bytes, Event] | None:
        """Answer a dialogue that begins and ends at once: dialogue portion, components, what to report.

        It is what `begin` would answer, short enough for one unitdata; None: nothing was done, `begin` has to do it.
        """
        ...

    def begin(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, now: float
    ) -> Duty[Request, L]:
        """Take a dialogue that the peer begins."""
        ...

    def proceed(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, last: bool, now: float
    ) -> Duty[Request, L]:
        """Take a Continue, or an End where it is the last."""
        ...

    def ended(self, dialogue: Dialogue, why: Ended, *, now: float) -> Duty[Request, L]:
        """Hear that a dialogue is over without an End."""
        ...

    def resume(self, late: L, *, now: float) -> Duty[Request, L]:
        """Take the result of work that an earlier duty asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TcapConfig:
    """Bounds of TCAP. `first_id` is drawn by who starts the node."""

    most_transactions: int = 100_000
    within_s: float = 30.0  # how long a dialogue may wait where its user names no time
    first_id: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswerable(Event):
    """A TCAP message that Q.774 lets nobody answer."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted(Event):
    """A transaction was aborted by this side."""

    cause: PAbortCause
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(Event):
    """A dialogue waited too long."""

    ours: bool


@dataclass(slots=True)
class _Table:
    """Transactions by our id, with their deadlines in a heap whose stale entries are skipped."""

    most: int
    next_id: int
    open: dict[int, Dialogue] = field(default_factory=dict)
    due: list[tuple[float, int]] = field(default_factory=list)

    def enter(self, dialogue: Dialogue, until: float) -> None:
        if dialogue.local is None:
            while self.next_id in self.open:
                self.next_id = self.next_id % MOST_ID + 1
            dialogue.local = self.next_id
            self.open[self.next_id] = dialogue
            self.next_id = self.next_id % MOST_ID + 1
        dialogue.until = until
        heapq.heappush(self.due, (until, dialogue.local))

    def remove(self, dialogue: Dialogue) -> None:
        dialogue.closed = True
        if dialogue.local is not None:
            self.open.pop(dialogue.local, None)

    def find(self, octets: bytes) -> Dialogue | None:
        return self.open.get(int.from_bytes(octets, "big")) if len(octets) == ID_OCTETS else None

    @property
    def deadline(self) -> float | None:
        while self.due:
            until, number = self.due[0]
            dialogue = self.open.get(number)
            if dialogue is not None and dialogue.until == until:
                return until
            heapq.heappop(self.due)
        return None

    def expired(self, now: float) -> list[Dialogue]:
        late: list[Dialogue] = []
        while (until := self.deadline) is not None and until <= now:
            late.append(self.open[heapq.heappop(self.due)[1]])
            self.remove(late[-1])
        return late


class Tcap(Generic[L]):
    """TCAP of one node: the user of SCCP."""

    def __init__(self, config: TcapConfig, user: DialogueUser[L]) -> None:
        self._config = config
        self._user = user
        self._table = _Table(config.most_transactions, config.first_id & MOST_ID or 1)

    def __len__(self) -> int:
        """Count the transactions in the table."""
        return len(self._table.open)

    @property
    def deadline(self) -> float | None:
        """When the next dialogue has waited too long."""
        return self._table.deadline

    def answer_at_once(self, data: bytes, *, now: float) -> tuple[bytes, Event] | None:
        """Answer a usual Begin as `receive` would, but octets for octets; None: `receive` has to do it."""
        usual = read_usual_begin(data)
        if usual is None or len(self._table.open) >= self._config.most_transactions:
            return None
        originating, octets, components = usual
        portion = None
        if octets:
            try:
                portion = portions.read_portion(octets)
            except DecodeError:
                return None
            if portion.pdu is not portions.Pdu.AARQ or not portion.version_one:
                return None
        answer = self._user.answer_at_once(portion, components, now=now)
        return None if answer is None else (write_end(originating, answer[0], answer[1]), answer[2])

    def receive(self, primitive: Unitdata, *, now: float) -> Duty[Unitdata, L]:
        """Take one message."""
        try:
            message = Message.decode(primitive.data)
        except BadTransaction as bad:
            return self._bad(primitive, bad, now)
        if message.type == Tag.BEGIN:
            return self._begun(primitive, message, now)
        if message.type == Tag.UNIDIRECTIONAL:
            return Duty(events=[Unanswerable(why="Unidirectional")])
        dialogue = self._table.find(message.destination)
        if dialogue is None:
            return self._unknown(primitive, message)
        if message.type == Tag.ABORT:
            return self._aborted(dialogue, message, now)
        return self._proceed(primitive, message, dialogue, now)

    # Begin.

    def _begun(self, primitive: Unitdata, message: Message, now: float) -> Duty[Unitdata, L]:
        if len(self._table.open) >= self._config.most_transactions:
            cause = PAbortCause.RESOURCE_LIMITATION
            return self._p_abort(primitive, message.originating, cause, "too many transactions")
        portion = None
        if message.portion:
            try:
                portion = portions.read_portion(message.portion)
            except DecodeError as error:
                return self._p_abort(primitive, message.originating, PAbortCause.BADLY_FORMATTED, error.what)
            if portion.pdu is not portions.Pdu.AARQ:
                cause = PAbortCause.INCORRECT_TRANSACTION_PORTION
                return self._p_abort(primitive, message.originating, cause, f"{portion.pdu.name} in Begin")
            if not portion.version_one:
                return self._no_common_portion(primitive, message, portion)
        dialogue = Dialogue(first=primitive, remote=message.originating)
        components = read_components(message.components, 0, len(message.components))
        return self._down(self._user.begin(dialogue, portion, components, now=now), now, dialogue)

    def _no_common_portion(self, primitive: Unitdata, message: Message, portion: Portion) -> Duty[Unitdata, L]:
        refusal = portions.refusal(portion.context, Diagnostic.NO_COMMON_DIALOGUE_PORTION)
        answer = Message(type=Tag.ABORT, destination=message.originating, portion=refusal)
        return Duty(send=[primitive.back(answer.encode())])

    # Continue, End, Abort.

    def _proceed(self, primitive: Unitdata, message: Message, dialogue: Dialogue, now: float) -> Duty[Unitdata, L]:
        last = message.type == Tag.END
        try:
            portion = portions.read_portion(message.portion) if message.portion else None
        except DecodeError as error:
            return self._fail(primitive, dialogue, message.originating, error.what, now)
        if last:
            self._table.remove(dialogue)
        else:
            dialogue.remote = message.originating
            if dialogue.ours and not dialogue.confirmed:
                # From now on the peer's own address leads to it, and the way that it chose (Q.774).
                dialogue.first = primitive
        components = read_components(message.components, 0, len(message.components))
        duty = self._user.proceed(dialogue, portion, components, last=last, now=now)
        dialogue.confirmed |= dialogue.ours
        return self._down(duty, now, None if last else dialogue)

    def _aborted(self, dialogue: Dialogue, message: Message, now: float) -> Duty[Unitdata, L]:
        self._table.remove(dialogue)
        portion = None
        if message.portion:
            try:
                portion = portions.read_portion(message.portion)
            except DecodeError:
                portion = None
        if message.cause is not None:
            why = Ended(how=Ending.P_ABORT, cause=message.cause)
        elif portion is not None and portion.pdu is portions.Pdu.AARE:
            why = Ended(how=Ending.REFUSED, portion=portion)
        else:
            why = Ended(how=Ending.U_ABORT, portion=portion)
        return self._down(self._user.ended(dialogue, why, now=now), now)

    # Abnormal cases (Q.774).

    def _bad(self, primitive: Unitdata, bad: BadTransaction, now: float) -> Duty[Unitdata, L]:
        dialogue = self._table.find(bad.destination)
        if dialogue is not None:
            return self._fail(primitive, dialogue, bad.originating, bad.what, now)
        if not 1 <= len(bad.originating) <= ID_OCTETS:
            return Duty(events=[Unanswerable(why=bad.what)])
        return self._p_abort(primitive, bad.originating, bad.cause, bad.what)

    def _fail(
        self, primitive: Unitdata, dialogue: Dialogue, originating: bytes, why: str, now: float
    ) -> Duty[Unitdata, L]:
        """End a dialogue here and at the peer, which sent something that cannot be read."""
        self._table.remove(dialogue)
        cause = PAbortCause.BADLY_FORMATTED
        duty = self._down(self._user.ended(dialogue, Ended(how=Ending.P_ABORT, cause=cause), now=now), now)
        remote = originating or dialogue.remote
        if remote:
            told = self._p_abort(primitive, remote, cause, why)
            duty.send += told.send
            duty.events += told.events
        return duty

    def _unknown(self, primitive: Unitdata, message: Message) -> Duty[Unitdata, L]:
        if message.type != Tag.CONTINUE:
            return Duty(events=[Unanswerable(why="an unknown transaction ends")])
        cause = PAbortCause.UNRECOGNIZED_TRANSACTION_ID
        return self._p_abort(primitive, message.originating, cause, "an unknown transaction goes on")

    def _p_abort(self, primitive: Unitdata, to: bytes, cause: PAbortCause, why: str) -> Duty[Unitdata, L]:
        octets = Message(type=Tag.ABORT, destination=to, cause=cause).encode()
        return Duty(send=[primitive.back(octets)], events=[Aborted(cause=cause, why=why)])

    def notice(self, notice: Notice, *, now: float) -> Duty[Unitdata, L]:
        """Fail the dialogue whose message came back."""
        try:
            message = Message.decode(notice.data)
        except BadTransaction as bad:
            return Duty(events=[Unanswerable(why=f"a notice: {bad.what}")])
        dialogue = self._table.find(message.originating)
        if dialogue is None:
            return Duty(events=[Unanswerable(why="a notice about an unknown transaction")])
        self._table.remove(dialogue)
        return self._down(self._user.ended(dialogue, Ended(how=Ending.NOTICE, cause=notice.cause), now=now), now)

    def resume(self, late: L, *, now: float) -> Duty[Unitdata, L]:
        """Pass late work on."""
        return self._down(self._user.resume(late, now=now), now)

    def wake(self, *, now: float) -> Duty[Unitdata, L]:
        """End the dialogues that have waited too long."""
        duty: Duty[Unitdata, L] = Duty()
        for dialogue in self._table.expired(now):
            done = self._down(self._user.ended(dialogue, Ended(how=Ending.EXPIRED), now=now), now)
            duty.send += done.send
            duty.events += [*done.events, Expired(ours=dialogue.ours)]
        return duty

    # What the user asks.

    def send(self, duty: Duty[Request, L], *, now: float) -> Duty[Unitdata, L]:
        """Take what the user asks without being called."""
        return self._down(duty, now)

    def _down(self, duty: Duty[Request, L], now: float, dialogue: Dialogue | None = None) -> Duty[Unitdata, L]:
        send: list[Unitdata] = []
        for request in duty.send:
            verb = request.verb
            if verb is not Verb.FORGET:
                send.append(self._write(request, now))
            if verb is not Verb.BEGIN and verb is not Verb.CONTINUE:
                self._table.remove(request.dialogue)
        if dialogue is not None and not dialogue.closed and dialogue.local is None:
            self._table.enter(dialogue, now + self._config.within_s)
        return Duty(send, duty.later, duty.events)

    def _write(self, request: Request, now: float) -> Unitdata:
        dialogue = request.dialogue
        waits = request.verb is Verb.BEGIN or request.verb is Verb.CONTINUE
        if waits:
            self._table.enter(dialogue, now + (request.within_s or self._config.within_s))
        message = Message(
            type=request.verb.value,
            originating=(dialogue.local or 0).to_bytes(ID_OCTETS, "big") if waits else b"",
            destination=dialogue.remote,
            cause=request.cause,
            portion=request.portion,
            components=request.components,
        )
        if request.verb is Verb.BEGIN:
            dialogue.first.data = message.encode()
            return dialogue.first
        return dialogue.first.back(message.encode())
