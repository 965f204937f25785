import pytest

from routing.contacts import Contact, Fork, ForkPlan, Identities, Registration
from routing.devices import MOST_EVENTS, DeviceEvent, DeviceRefused
from routing.forking import plan_fork
from routing.plan import Outcome, Plan, Query
from routing.preferences import Preferences, preferences
from routing.simulation import NotPlayed, Played, best_response, play, simulate

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


@pytest.mark.parametrize("script", [[(40, 200)], [(39, 180), (40, 200)], [(33, 100)], [(32.5, 486)]])
def test_timer_b_does_not_know_what_the_device_would_have_said(script: list[tuple[float, int]]) -> None:
    played = simulate(plan(1), {"b1": [DeviceEvent(*event) for event in script]})
    assert ladder(played) == ["0 INVITE b1", "32 timeout b1 408", "32 forward - 408"]


@pytest.mark.parametrize(
    ("script", "end"),
    [([(1, 180)], 182), ([(1, 100)], 181), ([(1, 180), (100, 183)], 281), ([(1, 199), (182, 180), (363, 180)], 544)],
)
def test_timer_c_runs_anew_from_each_provisional_response_but_100_and_ends_by_a_cancel(
    script: list[tuple[float, int]], end: int
) -> None:
    played = simulate(plan(1), {"b1": [DeviceEvent(*event) for event in script]})
    assert ladder(played)[-3:] == [f"{end} CANCEL b1", f"{end} timeout b1 408", f"{end} forward - 408"]
    assert played.ended_s == end


def test_an_answer_may_cross_the_cancel_of_timer_c() -> None:
    played = simulate(plan(1), {"b1": [RINGS, DeviceEvent(182.4, 200)]})
    assert ladder(played)[-3:] == ["182 CANCEL b1", "182.4 response b1 200", "182.4 forward b1 200"]
    assert simulate(plan(1), {"b1": [RINGS, DeviceEvent(182.6, 200)]}).status == 408


def test_the_answer_may_come_long_before_the_end() -> None:
    played = simulate(plan(2), {"b1": [RINGS, DeviceEvent(12, 200)]})
    assert (played.status, played.answered_s, played.ended_s) == (200, 12, 32)
    failed = simulate(plan(2), {"b1": [DeviceEvent(2, 486)], "b2": [DeviceEvent(3, 486)]})
    assert (failed.answered_s, failed.ended_s) == (3, 3)


def test_a_late_answer_of_a_silent_cancelled_branch_is_forwarded_too() -> None:
    played = simulate(plan(2), {"b1": [RINGS, DeviceEvent(5, 200)], "b2": [DeviceEvent(6, 200)]})
    assert ladder(played)[-3:] == ["5 forward b1 200", "6 response b2 200", "6 forward b2 200"]
    assert played.status == 200


@pytest.mark.parametrize(
    ("after_s", "status", "end"),
    [
        (12.0, 200, ["12 response b2 200", "12 forward b2 200"]),
        (12.1, 200, ["12.1 response b2 200", "12.1 forward b2 200"]),
        (12.5, 200, ["12.5 response b2 200", "12.5 forward b2 200"]),
        (12.5, 486, ["12.5 response b2 486"]),
        (12.6, 200, ["12 response b2 487"]),
        (12.2, None, ["12 response b2 487"]),
    ],
)
def test_what_a_device_sends_within_t1_of_the_cancel_crosses_it(
    after_s: float, status: int | None, end: list[str]
) -> None:
    scripts = {"b1": [DeviceEvent(12, 200)], "b2": [RINGS, DeviceEvent(after_s, status), DeviceEvent(90, 200)]}
    played = simulate(plan(2), scripts)
    assert ladder(played)[3:] == ["12 response b1 200", "12 forward b1 200", "12 CANCEL b2", *end]
    assert (played.status, played.answered_s) == (200, 12)


def test_a_ringing_between_the_cancel_and_what_crosses_it_is_heard() -> None:
    late = [RINGS, DeviceEvent(10.2, 183), DeviceEvent(10.4, 200)]
    played = simulate(plan(1, mode=Fork.SEQUENTIAL, ring_s=10), {"b1": late})
    assert ladder(played)[2:] == [
        "10 CANCEL b1",
        "10.2 response b1 183",
        "10.4 response b1 200",
        "10.4 forward b1 200",
    ]
    later = [RINGS, DeviceEvent(10.2, 183), DeviceEvent(10.6, 200)]
    assert simulate(plan(1, mode=Fork.SEQUENTIAL, ring_s=10), {"b1": later}).ended_s == 10


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
    both = {**devices, "b1": [DeviceEvent(1, 302, ("sip:more@192.0.2.9", "sip:new@192.0.2.9"))]}
    limited = simulate(recursing(max_targets=3), both)
    assert [line.branch for line in limited.lines if line.what == "INVITE"] == ["b1", "b2", "b3", "b4"]
    assert [line.why for line in limited.lines if line.what == "not-called"] == ["at most 3 targets: sip:new@192.0.2.9"]
    assert limited.status == 302


NEW = "sip:new@192.0.2.9"


@pytest.mark.parametrize(
    ("contacts", "most", "status"),
    [
        ((NEW,), 10, 486),
        ((NEW, "sip:u@192.0.2.2"), 10, 486),
        (("sip:u@192.0.2.1",), 10, 486),
        ((NEW,), 3, 486),
        (("sip:U@192.0.2.2", NEW), 3, 302),
        ((), 10, 302),
    ],
)
def test_a_3xx_whose_targets_were_all_called_is_no_response_to_choose_from(
    contacts: tuple[str, ...], most: int, status: int
) -> None:
    busy = [DeviceEvent(2, 486)]
    devices = {"b1": [DeviceEvent(1, 302, contacts)], "b2": busy, "b3": busy}
    devices |= {f"b{at}": busy for at in range(4, 4 + len({*contacts} - {"sip:u@192.0.2.1", "sip:u@192.0.2.2"}))}
    assert simulate(recursing(max_targets=most), devices).status == status


def test_a_lone_branch_that_moves_to_itself_is_a_timeout() -> None:
    moved = {"b1": [DeviceEvent(1, 302, ("sip:u@192.0.2.1",))]}
    assert simulate(recursing(count=1), moved, rung_out=480).status == 408


def test_no_more_targets_are_called_than_the_plan_allows_in_all_groups() -> None:
    busy = [DeviceEvent(1, 486)]
    devices = {"b1": [DeviceEvent(1, 302, (NEW, "sip:more@h"))], "b2": busy, "b3": busy, NEW: busy}
    played = simulate(recursing(max_targets=3, **SEQUENTIAL), devices)
    assert [line.branch for line in played.lines if line.what == "INVITE"] == ["b1", "b4", "b2", "b3"]
    assert played.status == 302


def test_a_branch_that_was_given_up_brings_no_new_targets() -> None:
    devices = {"b1": [DeviceEvent(31, 302, (NEW,))], "b2": [DeviceEvent(5, 486)], "b3": [DeviceEvent(5, 486)]}
    played = simulate(recursing(**SEQUENTIAL), devices)
    assert "31 response b1 302" in ladder(played)
    assert [line.branch for line in played.lines if line.what == "INVITE"] == ["b1", "b2", "b3"]


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
    assert simulate(plan(0), {}).lines[0].why == "nobody is registered"


def whole(outcome: Outcome, fork: ForkPlan | None = None, wishes: Preferences | None = None) -> Plan:
    query = Query(called="1", **({"wishes": wishes} if wishes else {}))
    return Plan(query, 1, "", outcome, fork=fork)


@pytest.mark.parametrize(
    ("outcome", "status", "why"),
    [
        (Outcome("unknown", 404, 1, why="nobody has this number"), 404, "nobody has this number"),
        (Outcome("unavailable", 503, 41), 503, "unavailable"),
        (Outcome("incomplete", 484, 28, "E_INCOMPLETE", "known numbers begin with it"), 484, "known numbers begin"),
    ],
)
def test_a_call_that_ends_before_the_fork_ends_by_its_outcome(outcome: Outcome, status: int, why: str) -> None:
    played = play(whole(outcome), {"b1": [RINGS]}, rung_out=480)
    assert ladder(played) == [f"0 response - {status}"]
    assert (played.lines[0].why or "").startswith(why)
    assert (played.status, played.answered_s, played.ended_s) == (status, 0, 0)


@pytest.mark.parametrize("status", ["service", "handed-over", "circuit-switched", "forwarded", "routed"])
def test_a_call_that_goes_on_elsewhere_is_not_played(status: str) -> None:
    with pytest.raises(NotPlayed, match=f"`{status}`"):
        play(whole(Outcome(status)), {})


def test_why_a_call_goes_on_elsewhere_is_said() -> None:
    known_elsewhere = whole(Outcome("routed", why="only the S-CSCF knows the contacts"))
    with pytest.raises(NotPlayed, match="the outcome is `routed`, only the S-CSCF knows the contacts: no SIP status"):
        play(known_elsewhere, {})
    with pytest.raises(NotPlayed, match="`unregistered-services`"):
        play(whole(Outcome("unregistered-services"), plan(0)), {})


@pytest.mark.parametrize(("words", "status"), [(None, 200), ("recurse", 200), ("no-recurse", 302), ("queue", 200)])
def test_the_proxy_recurses_where_the_caller_does_not_forbid_it(words: str | None, status: int) -> None:
    wishes = preferences(words) if words else None
    call = whole(Outcome("routed"), plan(1, wishes), wishes)
    devices = {"b1": [DeviceEvent(1, 302, (NEW,))], NEW: [DeviceEvent(1, 200)]}
    assert play(call, devices, recurse=True).status == status
    assert play(call, devices).status == (200 if words == "recurse" else 302)


@pytest.mark.parametrize(
    ("devices", "name"),
    [
        ({"b4": []}, "b4"),
        ({"B1": []}, "B1"),
        ({"sip:u@192.0.2.4": []}, "sip:u@192.0.2.4"),
        ({"b1": [DeviceEvent(1, 302, (NEW,))], "b5": []}, "b5"),
    ],
)
def test_a_device_that_the_call_does_not_have_is_refused_and_the_others_are_named(
    devices: dict[str, list[DeviceEvent]], name: str
) -> None:
    with pytest.raises(DeviceRefused, match=r"b1 \(sip:u@192.0.2.1\), b2 ") as refused:
        simulate(recursing(), devices)
    assert refused.value.name == name


def test_a_device_may_be_named_by_its_contact_in_any_spelling_but_only_once() -> None:
    assert simulate(plan(1), {"SIP:u@192.0.2.1": [DeviceEvent(3, 486)]}).status == 486
    with pytest.raises(DeviceRefused, match=r"sip:u@192.0.2.1: is b1, which has a script already"):
        simulate(plan(), {"b1": [RINGS], "sip:u@192.0.2.1": [RINGS]})


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
        ([503, 504, 504], 504),
        ([503, 503], 500),
        ([501, 503], 501),
        ([503], 500),
        ([503, 486], 486),
        ([302, 404], 302),
        ([404, 603], 603),
        ([], 408),
    ],
)
def test_the_best_response_is_chosen(finals: list[int], best: int) -> None:
    assert best_response(finals) == best
