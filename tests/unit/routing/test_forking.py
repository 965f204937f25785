import pytest

from routing.contacts import Contact, Fork, Identities, Registration
from routing.forking import host_of, plan_fork
from routing.preferences import Preferences, Wish, preferences


def registered(*contacts: Contact, **profile: object) -> Registration:
    return Registration(identities=Identities(id="irs"), contacts=contacts, **profile)


def device(at: int, **more: object) -> Contact:
    return Contact(uri=f"sip:u@192.0.2.{at}", path=(f"<sip:pcscf{1 + at // 3}.ims.example;lr>",), **more)


THREE = (device(1), device(2), device(3))


def groups(plan) -> list[tuple[int, list[str]]]:
    return [(group.start_s, [branch.contact[-1] for branch in group.branches]) for group in plan.groups]


def test_three_devices_ring_at_once_two_of_them_through_one_p_cscf() -> None:
    plan = plan_fork(registered(*THREE), 0.0)
    assert (plan.mode, plan.decided_by, plan.ring_s) == (Fork.PARALLEL, "service-profile", None)
    assert groups(plan) == [(0, ["1", "2", "3"])]
    assert plan.invites_per_pcscf == {"pcscf1.ims.example": 2, "pcscf2.ims.example": 1}
    assert [branch.path for branch in plan.branches] == [contact.path for contact in THREE]
    assert [branch.id for branch in plan.branches] == ["b1", "b2", "b3"]


def test_one_after_the_other_every_thirty_seconds() -> None:
    plan = plan_fork(registered(*THREE, mode=Fork.SEQUENTIAL, ring_s=30), 0.0)
    assert groups(plan) == [(0, ["1"]), (30, ["2"]), (60, ["3"])]
    assert plan.ring_s == 30


def test_groups_are_by_q_from_high_to_low() -> None:
    contacts = (device(1, q=500), device(2, q=900), device(3, q=500), device(4))
    plan = plan_fork(registered(*contacts, mode=Fork.GROUPS, ring_s=20), 0.0)
    assert groups(plan) == [(0, ["4"]), (20, ["2"]), (40, ["1", "3"])]
    assert plan.decided_by == "q-values"


def test_groups_without_a_ring_time_ring_for_the_usual_one() -> None:
    plan = plan_fork(registered(*THREE, mode=Fork.SEQUENTIAL), 0.0)
    assert (plan.ring_s, [group.start_s for group in plan.groups]) == (30, [0, 30, 60])


def test_contacts_that_are_not_called_are_named_with_the_reason() -> None:
    contacts = (device(1, expires_at=10.0), device(2, barred=True), device(3), device(3), device(4), device(5, q=100))
    plan = plan_fork(registered(*contacts, max_targets=2), 10.0)
    assert [(drop.contact[-1], drop.why) for drop in plan.dropped] == [
        ("1", "expired"),
        ("2", "barred"),
        ("3", "duplicate"),
        ("5", "limit"),
    ]
    assert groups(plan) == [(0, ["3", "4"])]
    assert plan_fork(registered(*contacts, max_targets=2), 9.0).dropped[0].why == "barred"


def test_a_plan_that_follows_from_the_registration_alone_is_made_once() -> None:
    registration = registered(*THREE)
    assert plan_fork(registration, 0.0) is plan_fork(registration, 5.0)
    assert plan_fork(registration, 0.0, mode=Fork.SEQUENTIAL) == plan_fork(registration, 0.0, mode=Fork.SEQUENTIAL)
    assert plan_fork(registration, 0.0, mode=Fork.SEQUENTIAL).decided_by == "query"


def test_no_contacts_make_no_groups() -> None:
    plan = plan_fork(registered(), 0.0)
    assert (plan.groups, plan.branches, plan.invites_per_pcscf) == ((), [], {})


@pytest.mark.parametrize(
    ("wish", "mode", "count"),
    [
        ("no-fork", Fork.SEQUENTIAL, 1),
        ("sequential", Fork.SEQUENTIAL, 3),
        ("parallel", Fork.PARALLEL, 3),
        ("fork, no-cancel", Fork.GROUPS, 3),
    ],
)
def test_the_caller_may_decide_how_contacts_are_called(wish: str, mode: Fork, count: int) -> None:
    plan = plan_fork(registered(*THREE, mode=Fork.GROUPS), 0.0, preferences(wish))
    assert (plan.mode, len(plan.branches)) == (mode, count)
    assert plan.disposition in {wish, "no-cancel, fork"}
    assert plan.decided_by == ("q-values" if mode is Fork.GROUPS else "request-disposition")
    assert plan.cancel is ("no-cancel" not in wish)


def test_no_fork_calls_the_contact_with_the_highest_q() -> None:
    plan = plan_fork(registered(device(1, q=100), device(2, q=700)), 0.0, preferences("no-fork"))
    assert groups(plan) == [(0, ["2"])]
    assert [drop.why for drop in plan.dropped] == ["no-fork"]


def test_recursion_is_a_matter_of_the_caller_and_else_of_the_proxy() -> None:
    registration = registered(*THREE)
    assert plan_fork(registration, 0.0).recurse is False
    assert plan_fork(registration, 0.0, recurse=True).recurse is True
    assert plan_fork(registration, 0.0, preferences("no-recurse"), recurse=True).recurse is False


@pytest.mark.parametrize("words", ["fork, no-fork", "smoke", "", "parallel,sequential"])
def test_a_disposition_that_makes_no_sense_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="Request-Disposition"):
        preferences(words)


def test_a_disposition_is_written_back() -> None:
    assert preferences(["Queue", " proxy "]).disposition == "proxy, queue"
    assert Preferences().disposition is None


VIDEO = device(1, features={"video": "", "mobility": "fixed"})
AUDIO = device(2, features={"audio": "", "mobility": "mobile"})
PLAIN = device(3)


@pytest.mark.parametrize(
    ("wishes", "order"),
    [
        (Preferences(reject=(Wish({"video": ""}),)), ["2", "3"]),
        (Preferences(reject=(Wish({"video": "", "audio": ""}),)), ["1", "2", "3"]),
        (Preferences(accept=(Wish({"mobility": "mobile"}, require=True),)), ["2", "3"]),
        (Preferences(accept=(Wish({"video": ""}, require=True, explicit=True),)), ["1", "3"]),
        (Preferences(accept=(Wish({"mobility": "mobile"}),)), ["2", "3", "1"]),
        (Preferences(accept=(Wish({"video": "", "audio": ""}),)), ["3", "1", "2"]),
        (Preferences(accept=(Wish({}),)), ["3", "1", "2"]),
    ],
)
def test_features_sort_contacts_and_leave_those_without_features_alone(wishes: Preferences, order: list[str]) -> None:
    plan = plan_fork(registered(VIDEO, AUDIO, PLAIN), 0.0, wishes)
    assert [branch.contact[-1] for branch in plan.branches] == order
    assert all(drop.why == "caller-preference" for drop in plan.dropped)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("<sip:pcscf1.ims.example;lr>", "pcscf1.ims.example"),
        ("sip:user@Host.Example:5060;transport=tcp", "host.example"),
        ("sips:a:b@[2001:DB8::1]:5061", "[2001:db8::1]"),
        ("<sip:h?x=y>", "h"),
        ("<sip:h>", "h"),
        ("nothing", ""),
    ],
)
def test_the_next_hop_is_the_host_of_the_uri(uri: str, host: str) -> None:
    assert host_of(uri) == host


def test_a_contact_without_path_is_its_own_next_hop() -> None:
    plan = plan_fork(registered(Contact(uri="sip:u@192.0.2.9:5070")), 0.0)
    assert plan.invites_per_pcscf == {"192.0.2.9": 1}
