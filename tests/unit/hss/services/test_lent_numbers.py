"""Numbers that are lent for a while."""

import pytest

from hss.services.lent_numbers import LentNumbers
from hss.services.map import NumberPools


def test_a_number_stands_for_its_owner_until_its_time_is_over() -> None:
    numbers = LentNumbers("4917990", lifetime_s=60.0)
    first = numbers.lend("491715407090", now=0.0)
    assert first == "491799000000"
    found = numbers.find(first, now=59.9)
    assert found is not None
    assert found.owner == "491715407090"
    assert numbers.find(first, now=60.0) is None
    assert numbers.find("4917990", now=0.0) is None


def test_no_number_is_lent_twice_at_a_time() -> None:
    numbers = LentNumbers("49", serial_digits=1, lifetime_s=10.0, first=8)
    lent = [numbers.lend("a", now=0.0) for _ in range(10)]
    assert lent == ["498", "499", "490", "491", "492", "493", "494", "495", "496", "497"]
    assert numbers.lend("b", now=9.9) is None
    assert numbers.lend("b", now=10.0) == "498"
    assert (len(numbers), len(numbers.standing(now=10.0))) == (1, 1)


@pytest.mark.parametrize("prefix", ["", "49a", "+49", "12345678901", "\uff14\uff19"])
def test_a_prefix_that_cannot_be_one_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        LentNumbers(prefix)


def test_pools_keep_prefixes_apart() -> None:
    pools = NumberPools("4917990")
    default, own = pools.lend(None, "a", now=0.0), pools.lend("4917991", "b", now=0.0)
    assert (default, own) == ("491799000000", "491799100000")
    found = pools.find("491799100000", now=1.0)
    assert found is not None
    assert found.owner == "b"
    assert pools.find("4999", now=1.0) is None
    assert len(pools.standing(now=1.0)) == 2


def test_the_number_of_pools_is_bounded() -> None:
    pools = NumberPools("4917990")
    for number in range(1000):
        assert pools.lend(f"4{number:03d}", "a", now=0.0) is not None
    assert pools.lend("5000", "a", now=0.0) is None
