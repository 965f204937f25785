"""Which identities may exist at all."""

from hypothesis import given
from hypothesis import strategies as st

from hss.services.membership import BITS_EACH, SMALLEST, Membership, WildcardIndex


def built(uris: list[str], expected: int | None = None) -> Membership:
    members = Membership()
    members.begin(len(uris) if expected is None else expected)
    members.add_all(uris)
    members.finish()
    return members


def test_until_it_is_built_everybody_may_exist() -> None:
    members = Membership()
    assert not members.ready
    assert members.may_have("anybody")
    members.begin(10)
    members.add_all(["a"])
    assert members.may_have("anybody")
    members.finish()
    assert members.ready
    assert (members.may_have("a"), members.may_have("anybody")) == (True, False)


@given(st.lists(st.text(), max_size=50))
def test_it_never_says_no_of_one_that_exists(uris: list[str]) -> None:
    members = built(uris)
    assert all(map(members.may_have, uris))


def test_of_those_who_do_not_exist_it_says_maybe_of_one_in_a_hundred_at_two_octets_each() -> None:
    members = built([f"sip:{number}@ims.test" for number in range(SMALLEST)], 0)
    wrong = sum(members.may_have(f"tel:+49{number}") for number in range(20_000))
    assert wrong < 400
    assert members.octets == SMALLEST * BITS_EACH // 8
    assert members.identities == SMALLEST


def test_a_new_identity_is_known_at_once() -> None:
    members = built(["a"])
    members.add("b")
    assert members.may_have("b")


def test_an_identity_that_is_new_while_the_filter_is_built_is_in_it() -> None:
    members = Membership()
    members.begin(10)
    members.add("b")
    members.finish()
    assert members.may_have("b")


def test_while_it_is_built_again_the_old_one_answers() -> None:
    members = built(["a"])
    members.begin(10)
    members.add("c")
    assert [members.may_have(uri) for uri in "abc"] == [True, False, True]
    members.add_all(["b"])
    members.finish()
    assert [members.may_have(uri) for uri in "abc"] == [False, True, True]
    members.finish()
    assert members.may_have("b")


def test_where_new_identities_may_have_been_missed_it_says_maybe_until_it_is_built_again() -> None:
    members = built(["a"])
    members.forget()
    assert not members.ready
    assert members.may_have("anybody")
    members.finish()
    assert not members.may_have("anybody")


def test_beyond_its_capacity_it_grows() -> None:
    members = built([], 0)
    uris = [f"tel:+49{number}" for number in range(2 * SMALLEST + 10)]
    members.add_all(uris)
    assert all(map(members.may_have, uris))
    assert members.octets == (1 + 2) * SMALLEST * BITS_EACH // 8
    assert sum(members.may_have(f"sip:{number}") for number in range(10_000)) < 400


def test_the_wildcard_with_the_longest_fixed_part_wins() -> None:
    index = WildcardIndex(["sip:chat!.*!@ims.test", "sip:chatlist!.*!@ims.test", "sip:chatlist!4.*!@ims.test"])
    assert len(index) == 3
    assert index.find("sip:chatlist42@ims.test") == "sip:chatlist!4.*!@ims.test"
    assert index.find("sip:chatlist52@ims.test") == "sip:chatlist!.*!@ims.test"
    assert index.find("sip:chat52@ims.test") == "sip:chat!.*!@ims.test"
    assert index.find("sip:cha@ims.test") is None
    assert index.find("sip:chat52@else.test") is None


def test_all_wildcards_can_be_replaced() -> None:
    index = WildcardIndex(["sip:chat!.*!@ims.test"])
    index.replace(["tel:+49!.*!"])
    assert (index.find("sip:chat1@ims.test"), index.find("tel:+491")) == (None, "tel:+49!.*!")
