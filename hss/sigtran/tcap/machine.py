"""Transactions and dialogues of one node. Source: ITU-T Q.774.

A dialogue that its user ends in the call that began it never enters the table of transactions.
"""

from dataclasses import dataclass
from typing import Generic

from hss.machine import Event
from hss.sigtran.layer import Duty, L
from hss.sigtran.sccp.machine import Notice
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import read_components
from hss.sigtran.tcap.dialogue import Portion
from hss.sigtran.tcap.messages import BadTransaction, Message, read_usual_begin, write_end
from hss.sigtran.tcap.transactions import ID_OCTETS, Transactions
from hss.sigtran.tcap.user import Dialogue, DialogueUser, Ended, Ending, Request, Verb
from schemas.numbers.tcap import Diagnostic, PAbortCause, Tag
from schemas.octets import DecodeError


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


class Tcap(Generic[L]):
    """TCAP of one node: the user of SCCP."""

    def __init__(self, config: TcapConfig, user: DialogueUser[L]) -> None:
        self._config = config
        self._user = user
        self._transactions = Transactions(config.first_id)

    def __len__(self) -> int:
        """Count the transactions in the table."""
        return len(self._transactions.open)

    @property
    def deadline(self) -> float | None:
        """When the next dialogue has waited too long."""
        return self._transactions.deadline

    def answer_at_once(self, data: bytes, *, now: float) -> tuple[bytes, Event] | None:
        """Answer a usual Begin as `receive` would, but octets for octets; None: `receive` has to do it."""
        usual = read_usual_begin(data)
        if usual is None or len(self._transactions.open) >= self._config.most_transactions:
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
        dialogue = self._transactions.find(message.destination)
        if dialogue is None:
            return self._unknown(primitive, message)
        if message.type == Tag.ABORT:
            return self._aborted(dialogue, message, now)
        return self._proceed(primitive, message, dialogue, now)

    # Begin.

    def _begun(self, primitive: Unitdata, message: Message, now: float) -> Duty[Unitdata, L]:
        if len(self._transactions.open) >= self._config.most_transactions:
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
            self._transactions.remove(dialogue)
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
        self._transactions.remove(dialogue)
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
        dialogue = self._transactions.find(bad.destination)
        if dialogue is not None:
            return self._fail(primitive, dialogue, bad.originating, bad.what, now)
        if not 1 <= len(bad.originating) <= ID_OCTETS:
            return Duty(events=[Unanswerable(why=bad.what)])
        return self._p_abort(primitive, bad.originating, bad.cause, bad.what)

    def _fail(
        self, primitive: Unitdata, dialogue: Dialogue, originating: bytes, why: str, now: float
    ) -> Duty[Unitdata, L]:
        """End a dialogue here and at the peer, which sent something that cannot be read."""
        self._transactions.remove(dialogue)
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
        dialogue = self._transactions.find(message.originating)
        if dialogue is None:
            return Duty(events=[Unanswerable(why="a notice about an unknown transaction")])
        self._transactions.remove(dialogue)
        return self._down(self._user.ended(dialogue, Ended(how=Ending.NOTICE, cause=notice.cause), now=now), now)

    def resume(self, late: L, *, now: float) -> Duty[Unitdata, L]:
        """Pass late work on."""
        return self._down(self._user.resume(late, now=now), now)

    def wake(self, *, now: float) -> Duty[Unitdata, L]:
        """End the dialogues that have waited too long."""
        duty: Duty[Unitdata, L] = Duty()
        for dialogue in self._transactions.expired(now):
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
                self._transactions.remove(request.dialogue)
        if dialogue is not None and not dialogue.closed and dialogue.local is None:
            self._transactions.enter(dialogue, now + self._config.within_s)
        return Duty(send, duty.later, duty.events)

    def _write(self, request: Request, now: float) -> Unitdata:
        dialogue = request.dialogue
        waits = request.verb is Verb.BEGIN or request.verb is Verb.CONTINUE
        if waits:
            self._transactions.enter(dialogue, now + (request.within_s or self._config.within_s))
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
