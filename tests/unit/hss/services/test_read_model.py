"""What is kept of the database."""

import pytest

from hss.services.read_model import LONGEST_SWEEP, Bounded, Found, ReadModel, Slot


def test_nothing_is_known_at_first() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    assert model.find("a") is None
    assert (model.hits, model.misses, model.absent, len(model)) == (0, 1, 0, 0)


def test_a_load_is_kept() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    model.fill("a", 1, model.start("a"))
    found = model.find("a")
    assert found is not None
    assert (found.value, found.current, found.used, model.hits, len(model)) == (1, True, True, 1, 1)


def test_absence_is_kept() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    model.fill("a", None, model.start("a"))
    found = model.find("a")
    assert found is not None
    assert found.value is None
    assert (model.hits, model.absent) == (1, 1)


@pytest.mark.parametrize("change", ["write", "forget", "clear", "start"])
def test_a_load_that_a_change_overtook_is_dropped(change: str) -> None:
    model: ReadModel[str, int] = ReadModel(10)
    ticket = model.start("a")
    if change == "write":
        model.write("a", 2)
    elif change == "forget":
        model.forget("a")
    elif change == "clear":
        model.clear()
    else:
        model.start("a")
    model.fill("a", 1, ticket)
    found = model.find("a")
    assert (found and found.value) == (2 if change == "write" else None)


def test_a_load_that_failed_is_over() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    ticket = model.start("a")
    model.abandon("a", object())
    model.fill("a", 1, ticket)
    assert len(model) == 1
    ticket = model.start("b")
    model.abandon("b", ticket)
    model.fill("b", 1, ticket)
    assert model.peek("b") is None


@pytest.mark.parametrize("change", ["write", "forget", "clear"])
def test_what_changed_is_no_longer_current(change: str) -> None:
    model: ReadModel[str, int] = ReadModel(10)
    before, other = model.write("a", 1), model.write("b", 1)
    if change == "write":
        model.write("a", 2)
    elif change == "forget":
        model.forget("a")
    else:
        model.clear()
    assert before.current is False
    assert other.current is (change != "clear")


def test_looking_without_counting() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    found = model.write("a", 1)
    assert model.peek("a") is found
    assert (model.hits, found.used) == (0, False)


def test_no_more_than_the_limit_is_kept_and_what_goes_is_no_longer_current() -> None:
    model: ReadModel[str, int] = ReadModel(3)
    founds = [model.write(str(number), number) for number in range(10)]
    assert len(model) == 3
    assert [found.current for found in founds].count(True) == 3
    assert all(model.peek(found.key) is (found if found.current else None) for found in founds)


def test_what_is_used_gets_a_second_chance() -> None:
    model: ReadModel[str, int] = ReadModel(3)
    for key in "abc":
        model.write(key, 1)
    for number in range(20):
        model.find("b")
        model.write(str(number), number)
    assert model.peek("b") is not None
    assert model.peek("a") is None


def test_where_everything_is_used_something_goes_all_the_same() -> None:
    bounded: Bounded[str, Found[str, int]] = Bounded(2 * LONGEST_SWEEP)
    for number in range(2 * LONGEST_SWEEP):
        slot: Found[str, int] = Found(str(number), number)
        slot.used = True
        bounded.put(slot)
    for number in range(3 * LONGEST_SWEEP):
        bounded.put(Found(f"new {number}", number))
        assert len(bounded) == 2 * LONGEST_SWEEP


def test_a_place_that_became_free_is_taken_again() -> None:
    bounded: Bounded[str, Found[str, int]] = Bounded(2)
    bounded.put(Found("a", 1))
    bounded.put(Found("b", 1))
    bounded.drop("a")
    bounded.drop("a")
    bounded.put(Found("c", 1))
    assert (bounded.find("b") is not None, bounded.find("c") is not None, len(bounded)) == (True, True, 2)


def test_a_limit_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Bounded[str, Slot[str]](0)


def test_after_clearing_there_is_room_for_all() -> None:
    bounded: Bounded[str, Found[str, int]] = Bounded(2)
    for round_ in range(3):
        bounded.put(Found(f"a{round_}", 1))
        bounded.put(Found(f"b{round_}", 1))
        assert len(bounded) == 2
        bounded.clear()
        assert len(bounded) == 0


def test_while_changes_go_unheard_nothing_is_kept() -> None:
    model: ReadModel[str, int] = ReadModel(10)
    before = model.write("a", 1)
    model.pause()
    during = model.write("b", 1)
    assert (before.current, during.current, len(model)) == (False, False, 0)
    ticket = model.start("c")
    model.go_on()
    model.fill("c", 1, ticket)
    assert model.peek("c") is None
    assert model.write("d", 1).current
