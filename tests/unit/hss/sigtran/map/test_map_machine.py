"""MAP dialogues: cases that no well-behaved peer brings about."""

from typing import Any

import pytest

from hss.services.lent_numbers import LentNumbers
from hss.services.map import Standing
from hss.services.read_model import Slot
from hss.sigtran import ber
from hss.sigtran.client import GmscClient, GmscConfig
from hss.sigtran.map.calls import Call, Completed, Lost, Rejected
from hss.sigtran.map.dispatch import Entry
from hss.sigtran.map.gmsc import Question
from hss.sigtran.map.machine import Late, MapConfig, MapMachine, OperationServed, ServiceFailed
from hss.sigtran.map.numbers import write_tbcd
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Invoke, Reject, Result, ReturnError, read_components
from hss.sigtran.tcap.dialogue import Pdu, Portion
from hss.sigtran.tcap.user import Dialogue, Ended, Ending, Verb
from schemas.identities import Msisdn
from schemas.numbers.map import Context
from schemas.numbers.tcap import Diagnostic

CONTEXT = bytes.fromhex("04000001000503")
AARQ = Portion(pdu=Pdu.AARQ, context=CONTEXT)


def echo(request: bytes, *, now: float) -> bytes:
    del now
    return request


def entry(serve: Any = echo) -> Entry:
    return Entry(
        context=Context.LOCATION_INFO_RETRIEVAL,
        read=lambda parameter, _: parameter,
        serve=serve,
        write=lambda answer, _: answer,
    )


def machine(serve: Any = echo) -> MapMachine:
    return MapMachine(MapConfig(), {22: entry(serve)})


def dialogue(**options: Any) -> Dialogue:
    return Dialogue(first=Unitdata(called=b"a", calling=b"b", data=b""), remote=b"\1", **options)


def invoke(number: int = 1, operation: int | None = 22, linked_id: int | None = None) -> Invoke:
    return Invoke(invoke_id=number, operation=operation, parameter=b"\5\0", linked_id=linked_id)


def said(components: bytes) -> list[Any]:
    return read_components(components, 0, len(components))


def test_version_1_without_an_operation_is_aborted() -> None:
    (request,) = machine().begin(dialogue(), None, [], now=0.0).send
    assert (request.verb, request.portion) == (Verb.ABORT, b"")


def test_a_dialogue_may_begin_without_an_operation() -> None:
    one, hlr = dialogue(), machine()
    (request,) = hlr.begin(one, AARQ, [], now=0.0).send
    assert (request.verb, request.portion, request.components) == (Verb.CONTINUE, portions.acceptance(CONTEXT), b"")
    assert hlr.proceed(one, None, [], last=False, now=0.0).send == []
    (request,) = hlr.proceed(one, None, [invoke()], last=False, now=0.0).send
    assert (request.verb, request.portion) == (Verb.END, b"")


def test_several_operations_are_answered_together() -> None:
    (request,) = machine().begin(dialogue(), AARQ, [invoke(1), invoke(2), invoke(3, 99)], now=0.0).send
    assert request.verb is Verb.END
    assert [type(each) for each in said(request.components)] == [Result, Result, Reject]


@pytest.mark.parametrize(
    ("component", "kind", "problem"),
    [
        (invoke(5, None), 0x81, 1),
        (invoke(5, linked_id=1), 0x81, 5),
        (Result(invoke_id=5), 0x82, 0),
        (ReturnError(invoke_id=5, code=1), 0x83, 0),
        (Reject(invoke_id=None, kind=0x80, problem=2, local=True), 0x80, 2),
    ],
)
def test_what_makes_no_sense_is_rejected(component: Any, kind: int, problem: int) -> None:
    (request,) = machine().begin(dialogue(), AARQ, [component], now=0.0).send
    (rejected,) = said(request.components)
    assert (rejected.kind, rejected.problem) == (kind, problem)


def test_a_reject_from_the_peer_is_not_answered() -> None:
    (request,) = machine().begin(dialogue(), AARQ, [Reject(invoke_id=1, kind=0x81, problem=1)], now=0.0).send
    assert (request.verb, request.components) == (Verb.CONTINUE, b"")


async def test_answers_wait_for_each_other_and_an_invoke_id_is_used_once() -> None:
    async def later(request: bytes, *, now: float) -> bytes:
        return echo(request, now=now)

    one, hlr = dialogue(), machine(later)
    duty = hlr.begin(one, AARQ, [invoke(1), invoke(2)], now=0.0)
    assert (duty.send, len(duty.later)) == ([], 2)
    assert hlr.proceed(one, None, [invoke(1)], last=False, now=0.0).send == []
    lates = [await work for work in duty.later]
    assert hlr.resume(lates[0], now=1.0).send == []
    (request,) = hlr.resume(lates[1], now=1.0).send
    assert [type(each) for each in said(request.components)] == [Reject, Result, Result]


def test_what_comes_late_for_a_dialogue_that_is_over_is_only_reported() -> None:
    event = OperationServed(operation=22, version=3, outcome="result")
    duty = machine().resume(Late(dialogue=dialogue(closed=True), invoke_id=1, component=b"", event=event), now=0.0)
    assert (duty.send, duty.events) == ([], [event])


def test_an_end_from_the_peer_is_not_answered() -> None:
    one, hlr = dialogue(), machine()
    hlr.begin(one, AARQ, [invoke(1, 99)], now=0.0)
    assert hlr.proceed(one, None, [invoke()], last=True, now=0.0).send == []
    assert hlr.ended(one, Ended(how=Ending.U_ABORT), now=0.0).send == []


# The side that asks.


def asked(version: int = 3, lowest: int = 1) -> tuple[MapMachine, Dialogue, list[Any]]:
    outcomes: list[Any] = []
    call = Call(
        context=5,
        operation=22,
        version=version,
        lowest=lowest,
        write=lambda _: b"\5\0",
        called=b"a",
        calling=b"b",
        done=outcomes.append,
    )
    gmsc = MapMachine(MapConfig(), {})
    (request,) = gmsc.invoke(call).send
    return gmsc, request.dialogue, outcomes


def test_a_result_in_parts_is_gathered() -> None:
    gmsc, one, outcomes = asked()
    part = Result(invoke_id=1, operation=22, parameter=b"\5\0", last=False)
    assert gmsc.proceed(one, None, [part], last=False, now=0.0).send == []
    gmsc.proceed(one, None, [Result(invoke_id=1, operation=22, parameter=b"\4\0")], last=True, now=0.0)
    assert outcomes == [Completed(version=3, parameters=(b"\5\0", b"\4\0"))]


def test_a_result_in_a_continue_is_answered_by_end() -> None:
    gmsc, one, outcomes = asked()
    duty = gmsc.proceed(one, None, [Result(invoke_id=1, operation=22, parameter=b"\5\0")], last=False, now=0.0)
    assert [request.verb for request in duty.send] == [Verb.END]
    gmsc.ended(one, Ended(how=Ending.EXPIRED), now=0.0)
    assert len(outcomes) == 1


@pytest.mark.parametrize(
    "component",
    [Result(invoke_id=9, operation=22), Result(invoke_id=1, operation=23), ReturnError(invoke_id=9, code=1), invoke()],
)
def test_an_end_without_our_answer_is_a_loss(component: Any) -> None:
    gmsc, one, outcomes = asked()
    gmsc.proceed(one, None, [component], last=True, now=0.0)
    expected = isinstance(component, Result) and component.invoke_id == 1
    assert outcomes == ([Completed(version=3, parameters=())] if expected else [Lost(how=Ending.P_ABORT)])


def test_a_reject_ends_the_asking() -> None:
    gmsc, one, outcomes = asked()
    gmsc.proceed(one, None, [Reject(invoke_id=1, kind=0x81, problem=2)], last=True, now=0.0)
    assert outcomes == [Rejected(kind=0x81, problem=2)]


def refused(context: bytes, diagnostic: int = Diagnostic.CONTEXT_NOT_SUPPORTED) -> Portion:
    return Portion(pdu=Pdu.AARE, context=context, accepted=False, diagnostic=diagnostic)


@pytest.mark.parametrize(
    ("portion", "offered"),
    [
        (refused(bytes.fromhex("04000001000502")), 2),
        (refused(bytes.fromhex("04000001000501")), 1),
        (refused(CONTEXT), 2),
        (refused(b"\1"), 2),
        (refused(CONTEXT, Diagnostic.USER_NO_REASON), None),
    ],
)
@pytest.mark.parametrize("in_end", [False, True])
def test_a_refusal_leads_to_the_version_that_the_peer_has(
    portion: Portion, offered: int | None, *, in_end: bool
) -> None:
    gmsc, one, outcomes = asked()
    if in_end:
        duty = gmsc.proceed(one, portion, [], last=True, now=0.0)
    else:
        duty = gmsc.ended(one, Ended(how=Ending.REFUSED, portion=portion), now=0.0)
    if offered is None:
        assert outcomes == [Lost(how=Ending.REFUSED)]
    else:
        assert duty.send[0].portion == (
            b"" if offered == 1 else portions.request(bytes.fromhex("040000010005") + bytes((offered,)))
        )


def test_an_older_version_than_wanted_is_not_tried() -> None:
    gmsc, one, outcomes = asked(3, 3)
    gmsc.ended(one, Ended(how=Ending.P_ABORT, cause=3), now=0.0)
    assert outcomes == [Lost(how=Ending.P_ABORT, cause=3, offered=1)]
    gmsc, one, outcomes = asked(1)
    gmsc.ended(one, Ended(how=Ending.REFUSED, portion=refused(CONTEXT)), now=0.0)
    assert outcomes == [Lost(how=Ending.REFUSED)]


# Answers that are remembered.


def remembering(write: Any, serve: Any = echo, standing: Any = None) -> MapMachine:
    row = Entry(
        context=Context.LOCATION_INFO_RETRIEVAL,
        read=lambda parameter, _: parameter,
        serve=serve,
        write=write,
        essence=lambda parameter, _: parameter,
        standing=standing or (lambda _: Standing(mark=Slot(""), fill=lambda number: number)),
    )
    return MapMachine(MapConfig(), {22: row})


ASKED = invoke().encode()


def test_an_answer_is_written_once() -> None:
    written: list[object] = []

    def write(answer: object, version: int) -> bytes:
        written.append((answer, version))
        return b"\5\0"

    hlr = remembering(write)
    answers = [hlr.answer_at_once(AARQ, invoke(number).encode(), now=0.0) for number in (1, -1, 1)]
    assert len(written) == 2
    for number, answer in zip((1, -1, 1), answers, strict=True):
        assert answer is not None
        portion, components, event = answer
        assert portion == portions.acceptance(CONTEXT)
        assert components == Result(invoke_id=number, operation=22, parameter=b"\5\0").encode()
        assert event == OperationServed(operation=22, version=3, outcome="result")


def test_an_answer_that_names_its_number_twice_is_not_remembered() -> None:
    pool = LentNumbers("4917")
    standing = Standing(mark=Slot(""), fill=lambda number: number, pool=pool, owner="4915")
    hlr = remembering(lambda number, _: ber.write(4, write_tbcd(number) * 2), standing=lambda _: standing)
    assert hlr.answer_at_once(AARQ, ASKED, now=0.0) is None
    assert len(pool) == 0


def test_an_answer_of_changing_length_is_not_remembered() -> None:
    pool = LentNumbers("4917")
    standing = Standing(mark=Slot(""), fill=lambda number: number, pool=pool, owner="4915")
    hlr = remembering(lambda number, _: ber.write(4, number.strip("0").encode()), standing=lambda _: standing)
    assert hlr.answer_at_once(AARQ, ASKED, now=0.0) is None


def test_what_many_answers_end_with_is_shared_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.sigtran.map.prompt.MOST_SHARED", 1)
    hlr = remembering(lambda _, __: b"\5\0")
    for parameter in (b"\4\0", b"\5\0", b"\6\0"):
        octets = Invoke(invoke_id=1, operation=22, parameter=parameter).encode()
        assert hlr.answer_at_once(AARQ, octets, now=0.0) is not None


def failing(*_: object, **__: object) -> bytes:
    raise ValueError("out of order")


def test_an_answer_that_cannot_be_written_is_a_system_failure() -> None:
    hlr = remembering(failing)
    assert hlr.answer_at_once(AARQ, ASKED, now=0.0) is None
    duty = hlr.begin(dialogue(), AARQ, [invoke()], now=0.0)
    (answer,) = said(duty.send[0].components)
    assert isinstance(answer, ReturnError)
    assert answer.code == 34
    assert isinstance(duty.events[0], ServiceFailed)


async def test_an_answer_that_cannot_be_written_late_is_a_system_failure_too() -> None:
    async def serve_late() -> str:
        return "answer"

    hlr = remembering(failing, serve=lambda *_, **__: serve_late())
    duty = hlr.begin(dialogue(), AARQ, [invoke()], now=0.0)
    late = await duty.later[0]
    assert isinstance(late.event, ServiceFailed)
    (answer,) = said(hlr.resume(late, now=1.0).send[0].components)
    assert isinstance(answer, ReturnError)


def test_a_client_passes_late_work_on() -> None:
    client = GmscClient(GmscConfig(), Question(msisdn=Msisdn("4917")))
    event = OperationServed(operation=22, version=3, outcome="result")
    late = Late(dialogue=dialogue(closed=True), invoke_id=1, component=b"", event=event)
    assert client.resume(late, now=0.0).events == [event]
