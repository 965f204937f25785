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
    ("offered", "wanted", "fits"),
    [
        ("mobile,fixed", "mobile", True),
        ("mobile, Fixed", "fixed", True),
        ("mobile", "fixed,mobile", True),
        ("mobile", "fixed", False),
        ("mobile,fixed", "portable", False),
        ("!mobile", "mobile", False),
        ("!mobile", "fixed", True),
        ("mobile", "!fixed", True),
        ("!mobile", "!fixed", True),
        ("", "TRUE", True),
        ("TRUE", "", True),
        ("FALSE", "", False),
        ("<A,b>", "<a,b>", False),
        ("<A,b>", "b>", False),
    ],
)
def test_a_value_may_be_a_list(offered: str, wanted: str, *, fits: bool) -> None:
    known = registered(device(1, features={"mobility": offered}))
    required = Preferences(accept=(Wish({"mobility": wanted}, require=True),))
    refused = Preferences(reject=(Wish({"mobility": wanted}),))
    assert len(plan_fork(known, 0.0, required).branches) == fits
    assert len(plan_fork(known, 0.0, refused).branches) == (not fits)


def test_a_list_that_fits_counts_as_a_fit() -> None:
    both = device(1, features={"mobility": "mobile,fixed", "video": ""})
    audio = device(2, features={"audio": "", "mobility": "fixed"})
    wishes = Preferences(accept=(Wish({"mobility": "mobile", "video": ""}),))
    assert groups(plan_fork(registered(audio, both, mode=Fork.SEQUENTIAL), 0.0, wishes)) == [(0, ["1"]), (30, ["2"])]


def test_of_one_uri_the_best_is_kept() -> None:
    plan = plan_fork(registered(device(1, q=100, device="old"), device(2, q=500), device(1, q=1000, device="new")), 0.0)
    assert [(branch.contact[-1], branch.q, branch.device) for branch in plan.branches] == [
        ("1", 1000, "new"),
        ("2", 500, None),
    ]
    assert [(drop.contact[-1], drop.why) for drop in plan.dropped] == [("1", "duplicate")]
    assert plan_fork(registered(device(1), device(1)), 0.0, preferences("no-fork")).dropped[0].why == "duplicate"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:a@H.x", "sip:a@h.x", True),
        ("SIP:a@h.x:5070;Transport=TCP", "<sip:a@H.X:5070;transport=tcp>", True),
        ("sip:A@h.x", "sip:a@h.x", False),
        ("sip:a@h.x", "sips:a@h.x", False),
        ("sip:a@h.x", "sip:a@h.x:5060", False),
        ("sip:+49;Ext=1@h.x", "sip:+49;ext=1@h.x", False),
    ],
)
def test_uris_are_compared_as_sip_compares_them(one: str, other: str, *, same: bool) -> None:
    plan = plan_fork(registered(Contact(uri=one), Contact(uri=other)), 0.0)
    assert len(plan.branches) == (1 if same else 2)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:+49;ext=1@192.0.2.1:5060", "192.0.2.1"),
        ("sip:a?b@h", "h"),
        ("sip:a:p;x@[2001:DB8::1]:5061;lr", "[2001:db8::1]"),
        ('"P: x" <sip:h1;lr>', "h1"),
        ('"a \\" <sip:b@c> @" <sip:u@h2:5070>;q=0.5', "h2"),
        ("Bob <sips:bob@h3>", "h3"),
        ("sip:h?to=a", "h"),
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
