"""MAP dialogues: the user of TCAP, which serves operations and invokes them. Source: TS 29.002 §15, §7.3."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hss.machine import Event
from hss.procedures.map_refusals import Refusal, SystemFailure
from hss.sigtran.layer import Duty
from hss.sigtran.map.calls import Call, Completed, Failed, Lost, Outcome, Rejected
from hss.sigtran.map.contexts import CONTEXT_OF, HIGHEST, LOWEST, read_context, write_context
from hss.sigtran.map.errors import write_refusal
from hss.sigtran.map.prompt import Prompt, PromptAnswers, Way
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Component, Invoke, Reject, Result, ReturnError, write_result
from hss.sigtran.tcap.dialogue import Pdu, Portion
from hss.sigtran.tcap.user import Dialogue, Ended, Ending, Request, Verb
from schemas.numbers.tcap import (
    Diagnostic,
    ErrorProblem,
    InvokeProblem,
    PAbortCause,
    ProblemKind,
    ResultProblem,
)
from schemas.octets import DecodeError

if TYPE_CHECKING:  # who only asks does without what serves
    from hss.sigtran.map.dispatch import Entry

USER_ABORT: Final = Portion(pdu=Pdu.ABRT, abort_source=0).encode()
MOST_PARTS: Final = 16  # of a result that is cut
UNKNOWN: Final = -1  # in reports: any operation that is not served, so that a peer cannot make more and more of them


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationServed(Event):
    """An operation was answered; `outcome` is "result" or the name of the refusal or problem.

    `operation` is -1 for all that are not served.
    """

    operation: int
    version: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Event):
    """A service raised what it should not; the peer got systemFailure."""

    operation: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRefused(Event):
    """A dialogue was refused for its application context."""

    context: str


@lru_cache(maxsize=1024)
def served(operation: int, version: int, outcome: str) -> OperationServed:
    """Make an event, or find the same one again."""
    return OperationServed(operation=operation, version=version, outcome=outcome)


@dataclass(slots=True, kw_only=True)
class Late:
    """The answer to an operation that had to wait."""

    dialogue: Dialogue
    invoke_id: int
    component: bytes
    event: Event


@dataclass(slots=True, kw_only=True)
class _Serving:
    """State of a dialogue that the peer began."""

    context: int
    version: int
    answers: bytes = b""
    pending: set[int] = field(default_factory=set)
    useful: bool = False  # some answer is more than a Reject


@dataclass(slots=True, kw_only=True)
class _Asking:
    """State of a dialogue that this side began."""

    call: Call
    version: int
    parameters: tuple[bytes, ...] = ()
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MapConfig:
    """What is configured of MAP.

    `highest` lowers the versions of contexts, as an older HLR has them. `private_tag`: version 2 names I-CSCFs too, in
    a private extension after the extension marker, which not every peer understands (TS 29.002 §17.1.4).
    `most_prompt` bounds the answers that are remembered.
    """

    highest: Mapping[int, int] = field(default_factory=dict)
    private_tag: bool = False
    most_prompt: int = 100_000


class MapMachine:
    """MAP of one node."""

    def __init__(self, config: MapConfig, table: Mapping[int, "Entry"]) -> None:
        self._table = {code: _private(entry) for code, entry in table.items()} if config.private_tag else table
        contexts = {entry.context for entry in table.values()}
        self._highest: dict[int, int] = {context: config.highest.get(context, HIGHEST[context]) for context in contexts}
        self.answer_at_once: Final = PromptAnswers(self._ways(), _write_answer, config.most_prompt).answer

    def _ways(self) -> dict[bytes | None, Way]:
        """Find the contexts, versions and operations that may be answered at once."""
        ways: dict[bytes | None, Way] = {None: Way(1, b"", self._prompts(1))}
        for context, highest in self._highest.items():
            for version in range(max(2, LOWEST.get(context, 2)), highest + 1):
                name = write_context(context, version)
                ways[name] = Way(version, portions.acceptance(name), self._prompts(version, context))
        return ways

    def _prompts(self, version: int, context: int | None = None) -> dict[bytes, Prompt]:
        return {
            bytes((0x02, 1, operation)): Prompt(int(operation), entry, entry.essence, entry.standing)
            for operation, entry in self._table.items()
            if entry.essence is not None and entry.standing is not None
            if entry.context == (self._context_of(operation) if version == 1 else context)
        }

    def _context_of(self, operation: int | None) -> int:
        """Find the context that an operation selects in version 1; 0: none of ours (TS 29.002 §15.2.2)."""
        context = CONTEXT_OF.get(operation or 0, 0)
        return context if LOWEST.get(context, 1) == 1 and context in self._highest else 0

    # Dialogues that the peer begins.

    def begin(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, now: float
    ) -> Duty[Request, Late]:
        """Take a dialogue: find its context, serve its components."""
        if portion is None:
            return self._begin_version_one(dialogue, components, now)
        asked = read_context(portion.context)
        if asked is None or asked[0] not in self._highest:
            return self._refuse(dialogue, portion.context, portion.context)
        context, version = asked
        highest = self._highest[context]
        if highest == 1:  # TS 29.002 §15.2.1
            cause = PAbortCause.INCORRECT_TRANSACTION_PORTION
            return Duty([Request(verb=Verb.ABORT, dialogue=dialogue, cause=cause)])
        if not max(2, LOWEST.get(context, 2)) <= version <= highest:
            return self._refuse(dialogue, portion.context, write_context(context, highest))
        dialogue.context = portion.context
        dialogue.state = _Serving(context=context, version=version)
        return self._take(dialogue, dialogue.state, components, now)

    def _begin_version_one(self, dialogue: Dialogue, components: list[Component], now: float) -> Duty[Request, Late]:
        """Serve a Begin without dialogue portion: the first operation selects the context (TS 29.002 §15.2.2)."""
        first = next((each for each in components if isinstance(each, Invoke)), None)
        if first is None:
            return Duty([Request(verb=Verb.ABORT, dialogue=dialogue)])
        dialogue.state = _Serving(context=self._context_of(first.operation), version=1)
        return self._take(dialogue, dialogue.state, components, now)

    def _refuse(self, dialogue: Dialogue, asked: bytes, offered: bytes) -> Duty[Request, Late]:
        portion = portions.refusal(offered, Diagnostic.CONTEXT_NOT_SUPPORTED)
        event = ContextRefused(context=asked.hex())
        return Duty([Request(verb=Verb.ABORT, dialogue=dialogue, portion=portion)], events=[event])

    def _take(
        self, dialogue: Dialogue, state: _Serving, components: list[Component], now: float
    ) -> Duty[Request, Late]:
        duty: Duty[Request, Late] = Duty()
        for component in components:
            if isinstance(component, Invoke):
                self._invoke(dialogue, state, component, duty, now)
            elif not isinstance(component, Reject):
                state.answers += _unasked(component).encode()
            elif component.local:
                state.answers += component.encode()
        self._settle(dialogue, state, duty)
        return duty

    def _settle(self, dialogue: Dialogue, state: _Serving, duty: Duty[Request, Late]) -> None:
        """Send what there is, as soon as nothing is pending; the dialogue stays open where all was rejected."""
        if state.pending:
            return
        verb = Verb.END if state.useful else Verb.CONTINUE
        if verb is Verb.CONTINUE and dialogue.confirmed and not state.answers:
            return
        portion = b"" if dialogue.confirmed or state.version == 1 else portions.acceptance(dialogue.context)
        duty.send.append(Request(verb=verb, dialogue=dialogue, components=state.answers, portion=portion))
        dialogue.confirmed = True
        state.answers = b""

    def _invoke(
        self, dialogue: Dialogue, state: _Serving, invoke: Invoke, duty: Duty[Request, Late], now: float
    ) -> None:
        entry = self._table.get(invoke.operation) if invoke.operation is not None else None
        problem = self._problem(state, invoke, entry)
        request: object = None
        if problem is None and entry is not None:
            try:
                request = entry.read(invoke.parameter, state.version)
            except DecodeError:
                problem = InvokeProblem.MISTYPED_PARAMETER
        if problem is not None or entry is None:
            self._reject(state, invoke, problem or InvokeProblem.UNRECOGNIZED_OPERATION, duty)
            return
        state.useful = True
        answer = self._serve(entry, request, invoke, duty, now)
        if hasattr(answer, "__await__"):  # a quarter of the price of isinstance(answer, Awaitable)
            state.pending.add(invoke.invoke_id)
            duty.later.append(self._wait(dialogue, state, entry, invoke, answer))
            return
        component, event = self._answer(entry, answer, invoke, state.version)
        state.answers += component
        duty.events.append(event)

    def _problem(self, state: _Serving, invoke: Invoke, entry: "Entry | None") -> InvokeProblem | None:
        if entry is None or entry.context != state.context:
            return InvokeProblem.UNRECOGNIZED_OPERATION
        if invoke.invoke_id in state.pending:
            return InvokeProblem.DUPLICATE_INVOKE_ID
        return None if invoke.linked_id is None else InvokeProblem.UNRECOGNIZED_LINKED_ID

    def _reject(self, state: _Serving, invoke: Invoke, problem: InvokeProblem, duty: Duty[Request, Late]) -> None:
        rejected = Reject(invoke_id=invoke.invoke_id, kind=ProblemKind.INVOKE, problem=problem)
        state.answers += rejected.encode()
        state.useful |= problem is not InvokeProblem.UNRECOGNIZED_OPERATION
        operation = invoke.operation if invoke.operation in self._table else None
        duty.events.append(served(UNKNOWN if operation is None else operation, state.version, problem.name))

    def _serve(self, entry: "Entry", request: object, invoke: Invoke, duty: Duty[Request, Late], now: float) -> Any:  # noqa: ANN401 - each operation has its own answer
        if isinstance(request, Refusal):
            return request
        try:
            return entry.serve(request, now=now)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            duty.events.append(ServiceFailed(operation=invoke.operation or 0, error=repr(error)))
            return SystemFailure()

    async def _wait(
        self, dialogue: Dialogue, state: _Serving, entry: "Entry", invoke: Invoke, answer: Awaitable[object]
    ) -> Late:
        try:
            given = await answer
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            component, event = self._fail(entry, invoke, state.version, error)
        else:
            component, event = self._answer(entry, given, invoke, state.version)
        return Late(dialogue=dialogue, invoke_id=invoke.invoke_id, component=component, event=event)

    def _answer(self, entry: "Entry", answer: object, invoke: Invoke, version: int) -> tuple[bytes, Event]:
        try:
            return _write_answer(entry, answer, invoke.operation or 0, invoke.invoke_id, version)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            return self._fail(entry, invoke, version, error)

    def _fail(self, entry: "Entry", invoke: Invoke, version: int, error: Exception) -> tuple[bytes, Event]:
        operation = invoke.operation or 0
        component, _ = _write_answer(entry, SystemFailure(), operation, invoke.invoke_id, version)
        return component, ServiceFailed(operation=operation, error=repr(error))

    def resume(self, late: Late, *, now: float) -> Duty[Request, Late]:
        """Send an answer that had to wait, unless its dialogue is over."""
        del now
        duty: Duty[Request, Late] = Duty(events=[late.event])
        dialogue = late.dialogue
        if not dialogue.closed and isinstance(dialogue.state, _Serving):
            dialogue.state.pending.discard(late.invoke_id)
            dialogue.state.answers += late.component
            self._settle(dialogue, dialogue.state, duty)
        return duty

    # Dialogues that this side begins.

    def invoke(self, call: Call) -> Duty[Request, Late]:
        """Begin a dialogue with one operation."""
        return Duty([self._ask(call, call.version)])

    def _ask(self, call: Call, version: int) -> Request:
        first = Unitdata(called=call.called, calling=call.calling, data=b"", return_on_error=call.return_on_error)
        context = write_context(call.context, version)
        dialogue = Dialogue(first=first, context=context, ours=True, state=_Asking(call=call, version=version))
        invoke = Invoke(invoke_id=call.invoke_id, operation=call.operation, parameter=call.write(version))
        return Request(
            verb=Verb.BEGIN,
            dialogue=dialogue,
            components=invoke.encode(),
            portion=b"" if version == 1 else portions.request(context),
            within_s=call.within_s,
        )

    def proceed(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, last: bool, now: float
    ) -> Duty[Request, Late]:
        """Take a Continue, or an End where it is the last."""
        state = dialogue.state
        if isinstance(state, _Serving):
            return Duty() if last else self._take(dialogue, state, components, now)
        if portion is not None and portion.accepted is False:
            return self.ended(dialogue, Ended(how=Ending.REFUSED, portion=portion), now=now)
        for component in components:
            self._hear(state, component)
        if last and not state.done:
            self._finish(state, Lost(how=Ending.P_ABORT))
        if last or not state.done:
            return Duty()
        return Duty([Request(verb=Verb.END, dialogue=dialogue)])

    def _hear(self, state: _Asking, component: Component) -> None:
        if isinstance(component, Result) and component.invoke_id == state.call.invoke_id:
            if component.operation in {None, state.call.operation} and len(state.parameters) < MOST_PARTS:
                state.parameters += (component.parameter,)
            if component.last:
                self._finish(state, Completed(version=state.version, parameters=state.parameters))
        elif isinstance(component, ReturnError) and component.invoke_id == state.call.invoke_id:
            self._finish(state, Failed(version=state.version, code=component.code, parameter=component.parameter))
        elif isinstance(component, Reject):
            self._finish(state, Rejected(kind=component.kind, problem=component.problem))

    def _finish(self, state: _Asking, outcome: Outcome) -> None:
        if not state.done:
            state.done = True
            state.call.done(outcome)

    def ended(self, dialogue: Dialogue, why: Ended, *, now: float) -> Duty[Request, Late]:
        """Hear that a dialogue is over: try an older version, or tell who asked."""
        del now
        state = dialogue.state
        if isinstance(state, _Serving):
            state.pending.clear()
            if why.how is not Ending.EXPIRED:
                return Duty()
            portion = b"" if state.version == 1 else USER_ABORT
            return Duty([Request(verb=Verb.ABORT, dialogue=dialogue, portion=portion)])
        offered = _older(state, why)
        if offered is not None and offered >= max(state.call.lowest, LOWEST.get(state.call.context, 1)):
            return Duty([self._ask(state.call, offered)])
        self._finish(state, Lost(how=why.how, cause=why.cause, offered=offered))
        return Duty()


def _private(entry: "Entry") -> "Entry":
    return replace(entry, read=entry.read_private or entry.read)


def _write_answer(entry: "Entry", answer: object, operation: int, invoke_id: int, version: int) -> tuple[bytes, Event]:
    """Write the component that answers an Invoke, and say what to report."""
    if isinstance(answer, Refusal):
        code, parameter = write_refusal(answer, version)
        error = ReturnError(invoke_id=invoke_id, code=code, parameter=parameter)
        return error.encode(), served(operation, version, answer.name)
    return write_result(invoke_id, operation, entry.write(answer, version)), served(operation, version, "result")


def _unasked(component: Result | ReturnError) -> Reject:
    """Reject an answer to a question that was never asked."""
    if isinstance(component, Result):
        kind, problem = ProblemKind.RESULT, int(ResultProblem.UNRECOGNIZED_INVOKE_ID)
    else:
        kind, problem = ProblemKind.ERROR, int(ErrorProblem.UNRECOGNIZED_INVOKE_ID)
    return Reject(invoke_id=component.invoke_id, kind=kind, problem=problem)


def _older(state: _Asking, why: Ended) -> int | None:
    """Find the version that the peer has, where it refused ours (TS 29.002 §15.2.1)."""
    if why.how is Ending.P_ABORT and why.cause == PAbortCause.INCORRECT_TRANSACTION_PORTION and state.version > 1:
        return 1
    if why.how is not Ending.REFUSED or why.portion is None:
        return None
    if why.portion.diagnostic != Diagnostic.CONTEXT_NOT_SUPPORTED:
        return None
    offered = read_context(why.portion.context)
    if offered is not None and offered[0] == state.call.context and offered[1] < state.version:
        return offered[1]
    return state.version - 1 if state.version > 1 else None
