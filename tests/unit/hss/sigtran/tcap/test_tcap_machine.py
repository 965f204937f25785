"""TCAP: abnormal cases, dialogue portions, bounds of the table."""

from typing import Any

import pytest

from hss.sigtran import ber
from hss.sigtran.layer import Duty
from hss.sigtran.sccp.machine import Notice
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Component, Invoke, Reject, read_components
from hss.sigtran.tcap.dialogue import Pdu, Portion
from hss.sigtran.tcap.machine import Aborted, Tcap, TcapConfig, Unanswerable
from hss.sigtran.tcap.messages import Message
from hss.sigtran.tcap.transactions import Transactions
from hss.sigtran.tcap.user import Dialogue, Ended, Ending, Request, Verb
from schemas.numbers.tcap import Diagnostic, PAbortCause, Tag
from schemas.octets import DecodeError

CONTEXT = bytes.fromhex("04000001000503")
INVOKE = Invoke(invoke_id=1, operation=22).encode()


class User:
    """A user that does what it is told, and keeps what it hears."""

    def __init__(self, *verbs: Verb) -> None:
        self.verbs = list(verbs)
        self.dialogues: list[Dialogue] = []
        self.heard: list[list[Component]] = []
        self.lasts: list[bool] = []
        self.endings: list[Ended] = []

    def answer_at_once(self, portion: Any, components: bytes, *, now: float) -> None:
        del portion, components, now

    def _act(self, dialogue: Dialogue) -> Duty[Request, Any]:
        return Duty([Request(verb=self.verbs.pop(0), dialogue=dialogue)] if self.verbs else [])

    def begin(self, dialogue: Dialogue, portion: Any, components: list[Component], *, now: float) -> Any:
        del portion, now
        self.dialogues.append(dialogue)
        self.heard.append(components)
        return self._act(dialogue)

    def proceed(self, dialogue: Dialogue, portion: Any, components: list[Component], *, last: bool, now: float) -> Any:
        del portion, now
        self.heard.append(components)
        self.lasts.append(last)
        return self._act(dialogue)

    def ended(self, dialogue: Dialogue, why: Ended, *, now: float) -> Any:
        del dialogue, now
        self.endings.append(why)
        return Duty()

    def resume(self, late: Request, *, now: float) -> Any:
        del now
        return Duty([late])


def unit(data: bytes) -> Unitdata:
    return Unitdata(called=b"called", calling=b"calling", data=data)


def machine(*verbs: Verb, **options: Any) -> tuple[Tcap[Any], User]:
    user = User(*verbs)
    return Tcap(TcapConfig(**options), user), user


def begin(portion: bytes = b"", components: bytes = INVOKE) -> bytes:
    return Message(type=Tag.BEGIN, originating=b"\1\2", portion=portion, components=components).encode()


def answers(duty: Duty[Unitdata, Any]) -> list[Message]:
    return [Message.decode(each.data) for each in duty.send]


def test_a_dialogue_that_ends_at_once_is_never_kept() -> None:
    tcap, user = machine(Verb.END)
    (answer,) = answers(tcap.receive(unit(begin()), now=0.0))
    assert (answer.type, answer.destination, answer.originating) == (Tag.END, b"\1\2", b"")
    assert (len(tcap), user.dialogues[0].closed, tcap.deadline) == (0, True, None)


def test_a_dialogue_goes_on_until_its_end() -> None:
    tcap, user = machine(Verb.CONTINUE, Verb.CONTINUE, Verb.END, within_s=30.0, first_id=0xFFFFFFFF)
    (answer,) = answers(tcap.receive(unit(begin()), now=0.0))
    assert answer.originating == b"\xff\xff\xff\xff"
    assert (len(tcap), tcap.deadline) == (1, 30.0)
    onward = Message(type=Tag.CONTINUE, originating=b"\1\2", destination=answer.originating).encode()
    tcap.receive(unit(onward), now=5.0)
    assert tcap.deadline == 35.0
    (last,) = answers(tcap.receive(unit(onward), now=6.0))
    assert (last.type, len(tcap), user.lasts) == (Tag.END, 0, [False, False])


def test_ids_are_not_given_twice() -> None:
    tcap, user = machine(first_id=0xFFFFFFFF)
    for _ in range(3):
        tcap.receive(unit(begin()), now=0.0)
    assert [dialogue.local for dialogue in user.dialogues] == [0xFFFFFFFF, 1, 2]


def test_an_id_that_is_in_use_is_passed_over() -> None:
    transactions = Transactions(0xFFFFFFFF)
    dialogues = [Dialogue(first=unit(begin())) for _ in range(3)]
    transactions.open[1] = dialogues[0]  # as after a whole round
    for dialogue in dialogues[1:]:
        transactions.enter(dialogue, 1.0)
    assert [dialogue.local for dialogue in dialogues] == [None, 0xFFFFFFFF, 2]


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (begin()[:-1], PAbortCause.BADLY_FORMATTED),
        (bytes.fromhex("6f044802abcd"), PAbortCause.UNRECOGNIZED_MESSAGE_TYPE),
        (bytes.fromhex("62084802abcd4902abcd"), PAbortCause.INCORRECT_TRANSACTION_PORTION),
        (bytes.fromhex("65044802abcd"), PAbortCause.INCORRECT_TRANSACTION_PORTION),
        (bytes.fromhex("65084802abcd4902abcd"), PAbortCause.UNRECOGNIZED_TRANSACTION_ID),
        (bytes.fromhex("65 0a 4802abcd 4904 abcdabcd"), PAbortCause.UNRECOGNIZED_TRANSACTION_ID),
        (begin(portion=b"\x6b\x02\x28\x00"), PAbortCause.BADLY_FORMATTED),
        (begin(portion=portions.acceptance(CONTEXT)), PAbortCause.INCORRECT_TRANSACTION_PORTION),
    ],
)
def test_what_is_wrong_is_aborted_with_its_cause(octets: bytes, cause: PAbortCause) -> None:
    tcap, user = machine()
    duty = tcap.receive(unit(octets), now=0.0)
    (answer,) = answers(duty)
    assert (answer.type, answer.cause) == (Tag.ABORT, cause)
    assert duty.send[0].called == b"calling"
    assert isinstance(duty.events[0], Aborted)
    assert user.heard == []


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes.fromhex("6200"),
        bytes.fromhex("62074805aabbccddee"),
        bytes.fromhex("64044902abcd"),
        bytes.fromhex("6706490400000009"),
        bytes.fromhex("6100"),
    ],
)
def test_what_nobody_may_answer_is_counted(octets: bytes) -> None:
    duty = machine()[0].receive(unit(octets), now=0.0)
    assert duty.send == []
    assert isinstance(duty.events[0], Unanswerable)


def test_a_full_table_refuses_new_dialogues() -> None:
    tcap, _ = machine(most_transactions=1)
    tcap.receive(unit(begin()), now=0.0)
    (answer,) = answers(tcap.receive(unit(begin()), now=0.0))
    assert answer.cause == PAbortCause.RESOURCE_LIMITATION


def test_another_dialogue_protocol_version_is_refused() -> None:
    portion = portions.request(CONTEXT).replace(bytes.fromhex("80020780"), bytes.fromhex("80020740"))
    (answer,) = answers(machine()[0].receive(unit(begin(portion)), now=0.0))
    refused = portions.read_portion(answer.portion)
    assert (refused.accepted, refused.diagnostic) == (False, Diagnostic.NO_COMMON_DIALOGUE_PORTION)


def opened() -> tuple[Tcap[Any], User, bytes]:
    tcap, user = machine(Verb.CONTINUE)
    (answer,) = answers(tcap.receive(unit(begin()), now=0.0))
    return tcap, user, answer.originating


@pytest.mark.parametrize("with_id", [True, False])
def test_a_continue_that_cannot_be_read_ends_the_dialogue_on_both_sides(*, with_id: bool) -> None:
    tcap, user, ours = opened()
    octets = Message(
        type=Tag.CONTINUE if with_id else Tag.END,
        originating=b"\1\2" if with_id else b"",
        destination=ours,
        portion=b"\x6b\x02\x28\x00",
    ).encode()
    (answer,) = answers(tcap.receive(unit(octets), now=1.0))
    assert (answer.destination, answer.cause, len(tcap)) == (b"\1\2", PAbortCause.BADLY_FORMATTED, 0)
    assert user.endings == [Ended(how=Ending.P_ABORT, cause=PAbortCause.BADLY_FORMATTED)]


def test_a_message_cut_behind_the_ids_ends_the_dialogue_too() -> None:
    tcap, user, ours = opened()
    octets = Message(type=Tag.CONTINUE, originating=b"\1\2", destination=ours, components=INVOKE).encode()
    cut = octets[:-3]
    tcap.receive(unit(cut[:1] + bytes((len(cut) - 2,)) + cut[2:]), now=1.0)
    assert user.endings[0].how is Ending.P_ABORT


@pytest.mark.parametrize(
    ("message", "how"),
    [
        ({"cause": 1}, Ending.P_ABORT),
        ({}, Ending.U_ABORT),
        ({"portion": Portion(pdu=Pdu.ABRT, abort_source=0, user_information=b"\5\0").encode()}, Ending.U_ABORT),
        ({"portion": portions.refusal(CONTEXT, Diagnostic.CONTEXT_NOT_SUPPORTED)}, Ending.REFUSED),
        ({"portion": b"\x6b\x00"}, Ending.U_ABORT),
    ],
)
def test_an_abort_says_how(message: dict[str, Any], how: Ending) -> None:
    tcap, user, ours = opened()
    octets = Message(type=Tag.ABORT, destination=ours, **message).encode()
    assert tcap.receive(unit(octets), now=1.0).send == []
    assert (user.endings[0].how, len(tcap)) == (how, 0)


def test_a_notice_ends_the_dialogue_whose_message_came_back() -> None:
    tcap, user = machine()
    dialogue = Dialogue(first=unit(b""), ours=True)
    duty = tcap.send(Duty([Request(verb=Verb.BEGIN, dialogue=dialogue)]), now=0.0)
    tcap.notice(Notice(cause=4, called=b"", calling=b"", data=duty.send[0].data), now=0.0)
    assert user.endings == [Ended(how=Ending.NOTICE, cause=4)]
    for data in (duty.send[0].data, b"nonsense"):
        late = tcap.notice(Notice(cause=4, called=b"", calling=b"", data=data), now=0.0)
        assert isinstance(late.events[0], Unanswerable)


def test_a_dialogue_may_be_forgotten_without_a_message() -> None:
    tcap, user, _ = opened()
    duty = tcap.resume(Request(verb=Verb.FORGET, dialogue=user.dialogues[0]), now=1.0)
    assert (duty.send, len(tcap), tcap.deadline) == ([], 0, None)


def test_only_what_waited_too_long_expires() -> None:
    tcap, user, _ = opened()
    tcap.receive(unit(begin()), now=5.0)
    tcap.wake(now=30.0)
    assert (len(tcap), tcap.deadline, len(user.endings)) == (1, 35.0, 1)


# Components.


@pytest.mark.parametrize(
    ("octets", "rejected"),
    [
        ("a503020101", Reject(invoke_id=None, kind=0x80, problem=0, local=True)),
        ("a103040101", Reject(invoke_id=None, kind=0x80, problem=1, local=True)),
        ("a10402020101", Reject(invoke_id=None, kind=0x80, problem=1, local=True)),
        ("a103020101", Reject(invoke_id=1, kind=0x80, problem=2, local=True)),
        ("a106020101040116", Reject(invoke_id=1, kind=0x80, problem=2, local=True)),
        ("a206020101040116", Reject(invoke_id=1, kind=0x80, problem=1, local=True)),
        ("a1", Reject(invoke_id=None, kind=0x80, problem=2, local=True)),
        ("a10a020101020116", Reject(invoke_id=None, kind=0x80, problem=2, local=True)),
    ],
)
def test_a_broken_component_is_rejected_and_ends_the_reading(octets: str, rejected: Reject) -> None:
    data = INVOKE + bytes.fromhex(octets)
    assert read_components(data, 0, len(data)) == [Invoke(invoke_id=1, operation=22), rejected]
    data = bytes.fromhex(octets) + INVOKE
    assert read_components(data, 0, len(data))[0] == rejected or octets in {"a1", "a10a020101020116"}


def test_a_global_operation_code_is_kept_as_none() -> None:
    data = bytes.fromhex("a10802010106032a0304")
    assert read_components(data, 0, len(data)) == [Invoke(invoke_id=1, operation=None)]


# Dialogue portions.


@pytest.mark.parametrize(
    "octets",
    [
        "6c00",
        "6b023000",
        "6b022800",
        "6b06280406028800",
        "6b062804a0026200",
        "6b062804a0026000",
        "6b0a2808a0066004a1020400",
        "6b0e280ca00a6108a106060400000100",
    ],
)
def test_a_dialogue_portion_that_is_none_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        portions.read_portion(bytes.fromhex(octets))


def test_an_aarq_may_lack_its_version_and_hold_user_information() -> None:
    body = ber.write(0xA1, ber.write(6, CONTEXT)) + ber.write(0xBE, b"\5\0")
    octets = ber.write(0x6B, ber.write(0x28, ber.write(6, portions.AS_ID) + ber.write(0xA0, ber.write(0x60, body))))
    assert portions.read_portion(octets) == Portion(pdu=Pdu.AARQ, context=CONTEXT, user_information=b"\5\0")


def test_an_aare_may_lack_its_diagnostic() -> None:
    body = ber.write(0xA1, ber.write(6, CONTEXT)) + ber.write(0xA2, bytes.fromhex("020100"))
    octets = ber.write(0x6B, ber.write(0x28, ber.write(0xA0, ber.write(0x61, body))))
    assert portions.read_portion(octets) == Portion(pdu=Pdu.AARE, context=CONTEXT, accepted=True)
