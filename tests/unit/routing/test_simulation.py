import pytest

from routing.contacts import Contact, Fork, ForkPlan, Identities, Registration
from routing.forking import plan_fork
from routing.preferences import Preferences, preferences
from routing.simulation import MOST_EVENTS, DeviceEvent, Played, best_response, simulate

RINGS = DeviceEvent(1, 180)


def plan(count: int = 3, wishes: Preferences | None = None, **profile: object) -> ForkPlan:
    contacts = tuple(Contact(uri=f"sip:u@192.0.2.{at}") for at in range(1, count + 1))
    registration = Registration(identities=Identities(id="irs"), contacts=contacts, **profile)
    return plan_fork(registration, 0.0, *([wishes] if wishes else []))


def recursing(**profile: object) -> ForkPlan:
    return plan(wishes=preferences("recurse"), **profile)


def ladder(played: Played) -> list[str]:
    return [f"{line.at_s:g} {line.what} {line.branch or '-'} {line.status or ''}".strip() for line in played.lines]


SEQUENTIAL = {"mode": Fork.SEQUENTIAL, "ring_s": 30}


def test_the_first_answer_is_forwarded_and_the_others_are_cancelled() -> None:
    played = simulate(plan(), {"b1": [RINGS], "b2": [RINGS, DeviceEvent(12, 200)], "b3": [RINGS, DeviceEvent(20, 486)]})
    assert ladder(played) == [
        "0 INVITE b1",
        "0 INVITE b2",
        "0 INVITE b3",
        "1 response b1 180",
        "1 response b2 180",
        "1 response b3 180",
        "12 response b2 200",
        "12 forward b2 200",
        "12 CANCEL b1",
        "12 CANCEL b3",
        "12 response b1 487",
        "12 response b3 487",
    ]
    assert (played.status, played.ended_s) == (200, 12)


def test_nobody_answers_one_after_the_other() -> None:
    played = simulate(plan(**SEQUENTIAL), {name: [RINGS] for name in ("b1", "b2", "b3")})
    assert [line for line in ladder(played) if "INVITE" in line] == ["0 INVITE b1", "30 INVITE b2", "60 INVITE b3"]
    assert [line for line in ladder(played) if "CANCEL" in line] == ["30 CANCEL b1", "60 CANCEL b2", "90 CANCEL b3"]
    assert (played.status, played.ended_s) == (487, 90)
    assert ladder(played)[-1] == "90 forward - 487"


def test_what_a_caller_gets_after_ring_out_is_a_setting() -> None:
    devices = {name: [RINGS] for name in ("b1", "b2", "b3")}
    assert simulate(plan(**SEQUENTIAL), devices, rung_out=480).status == 480
    assert simulate(plan(), {"b1": [DeviceEvent(1, 486)]}, rung_out=480).status == 408


def test_a_busy_device_hands_over_to_the_next_group_at_once() -> None:
    played = simulate(plan(2, **SEQUENTIAL), {"b1": [DeviceEvent(2, 486)], "b2": [RINGS, DeviceEvent(5, 200)]})
    assert ladder(played) == [
        "0 INVITE b1",
        "2 response b1 486",
        "2 INVITE b2",
        "3 response b2 180",
        "7 response b2 200",
        "7 forward b2 200",
    ]


def test_a_silent_branch_stays_open_and_is_cancelled_when_it_speaks() -> None:
    played = simulate(plan(2, **SEQUENTIAL), {"b1": [DeviceEvent(31, 180)], "b2": [RINGS]})
    assert ladder(played) == [
        "0 INVITE b1",
        "30 INVITE b2",
        "31 response b1 180",
        "31 CANCEL b1",
        "31 response b2 180",
        "31 response b1 487",
        "60 CANCEL b2",
        "60 response b2 487",
        "60 forward - 487",
    ]


def test_a_branch_can_be_cancelled_after_a_100() -> None:
    played = simulate(plan(1, mode=Fork.SEQUENTIAL, ring_s=10), {"b1": [DeviceEvent(0.1, 100), DeviceEvent(12, 200)]})
    assert ladder(played) == [
        "0 INVITE b1",
        "0.1 response b1 100",
        "10 CANCEL b1",
        "10 response b1 487",
        "10 forward - 487",
    ]


def test_silence_counts_as_408() -> None:
    played = simulate(plan(1), {})
    assert ladder(played) == ["0 INVITE b1", "32 timeout b1 408", "32 forward - 408"]
    assert simulate(plan(1), {"b1": [RINGS]}).ended_s == 181


def test_a_late_answer_of_a_silent_cancelled_branch_is_forwarded_too() -> None:
    played = simulate(plan(2), {"b1": [RINGS, DeviceEvent(5, 200)], "b2": [DeviceEvent(6, 200)]})
    assert ladder(played)[-3:] == ["5 forward b1 200", "6 response b2 200", "6 forward b2 200"]
    assert played.status == 200


def test_an_answer_that_crosses_the_cancel_is_forwarded_too() -> None:
    same = [RINGS, DeviceEvent(5, 200)]
    played = simulate(plan(2), {"b1": same, "b2": same})
    assert ladder(played)[-5:] == [
        "5 response b1 200",
        "5 forward b1 200",
        "5 CANCEL b2",
        "5 response b2 200",
        "5 forward b2 200",
    ]


def test_a_6xx_ends_the_search_and_waits_for_the_others() -> None:
    played = simulate(plan(3), {"b1": [RINGS], "b2": [DeviceEvent(3, 603)], "b3": [DeviceEvent(2, 404)]})
    assert ladder(played)[3:] == [
        "1 response b1 180",
        "2 response b3 404",
        "3 response b2 603",
        "3 CANCEL b1",
        "3 response b1 487",
        "3 forward - 603",
    ]
    assert simulate(plan(2, **SEQUENTIAL), {"b1": [DeviceEvent(1, 600)]}).status == 600


def test_the_caller_may_forbid_to_cancel() -> None:
    played = simulate(
        plan(2, preferences("no-cancel")), {"b1": [RINGS, DeviceEvent(5, 200)], "b2": [RINGS, DeviceEvent(9, 200)]}
    )
    assert not [line for line in played.lines if line.what == "CANCEL"]
    assert ladder(played)[-1] == "9 forward b2 200"


def test_a_transport_error_counts_as_503_and_alone_becomes_500() -> None:
    played = simulate(plan(1), {"sip:u@192.0.2.1": [DeviceEvent(0.5, None)]})
    assert ladder(played) == ["0 INVITE b1", "0.5 transport-error b1 503", "0.5 forward - 500"]


def test_new_targets_of_a_3xx_are_called_once_where_recursion_is_on() -> None:
    moved = DeviceEvent(1, 302, ("sip:new@192.0.2.9", "sip:u@192.0.2.2", "sip:new@192.0.2.9"))
    devices = {
        "b1": [moved],
        "b2": [DeviceEvent(1, 486)],
        "b3": [DeviceEvent(1, 486)],
        "sip:new@192.0.2.9": [DeviceEvent(1, 200)],
    }
    assert ladder(simulate(recursing(), devices))[3:] == [
        "1 response b1 302",
        "1 INVITE b4",
        "1 response b2 486",
        "1 response b3 486",
        "2 response b4 200",
        "2 forward b4 200",
    ]
    assert simulate(plan(), devices).status == 302
    assert simulate(recursing(max_targets=3), devices).status == 302


def test_a_3xx_after_the_end_brings_nobody() -> None:
    moved = DeviceEvent(6, 302, ("sip:new@192.0.2.9",))
    answered = simulate(recursing(), {"b1": [RINGS, DeviceEvent(5, 200)], "b2": [moved], "b3": [DeviceEvent(5, 486)]})
    assert "INVITE b4" not in " ".join(ladder(answered))
    declined = simulate(recursing(), {"b1": [DeviceEvent(5, 603)], "b2": [moved], "b3": [DeviceEvent(5, 486)]})
    assert "INVITE b4" not in " ".join(ladder(declined))
    assert declined.status == 603


def test_recursion_stays_in_the_group_that_moved() -> None:
    devices = {"b1": [DeviceEvent(40, 302, ("sip:new@192.0.2.9",))], "b2": [RINGS], "b3": [RINGS]}
    played = simulate(recursing(**SEQUENTIAL), devices)
    assert "40 INVITE b4" not in ladder(played)
    first = {"b1": [DeviceEvent(4, 302, ("sip:new@192.0.2.9",))], "sip:new@192.0.2.9": [DeviceEvent(1, 486)]}
    assert ladder(simulate(recursing(**SEQUENTIAL), first))[1:5] == [
        "4 response b1 302",
        "4 INVITE b4",
        "5 response b4 486",
        "5 INVITE b2",
    ]


def test_nobody_to_call_is_480() -> None:
    assert simulate(plan(0), {}).status == 480
    assert simulate(None, {}).lines[0].why == "nobody is registered"


def test_a_script_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="device events"):
        simulate(plan(), {"b1": [RINGS] * (MOST_EVENTS + 1)})


@pytest.mark.parametrize(
    ("finals", "best"),
    [
        ([486, 404], 404),
        ([486, 401], 401),
        ([484, 407], 407),
        ([503, 500], 500),
        ([503], 500),
        ([503, 486], 486),
        ([302, 404], 302),
        ([404, 603], 603),
        ([], 408),
    ],
)
def test_the_best_response_is_chosen(finals: list[int], best: int) -> None:
    assert best_response(finals) == best
