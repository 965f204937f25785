from collections.abc import Callable
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.tables import (
    EMPTY,
    Conflict,
    Operator,
    Ported,
    Range,
    Rows,
    Service,
    Tables,
    build,
    changed,
    contradictions,
    sorted_numbers,
)
from routing.tables.build import MOST_CONFLICTS
from routing.tables.sorted_numbers import collect, digits_of, key_of

OPERATORS = {key: Operator(name=key, type=2) for key in "abc"}
digits = st.text("0123", min_size=1, max_size=6)


def whats(tables: Tables) -> list[str]:
    return [conflict.what for conflict in tables.conflicts]


@given(st.text("0123456789", min_size=1, max_size=15), st.text("0123456789", min_size=1, max_size=15))
def test_keys_keep_digits_and_their_order(one: str, other: str) -> None:
    assert digits_of(key_of(one)) == one
    assert (key_of(one) < key_of(other)) is (one < other)


@given(
    st.dictionaries(digits, st.sampled_from("abc")), st.dictionaries(digits, st.sampled_from("abc")), st.lists(digits)
)
def test_look_ups_agree_with_a_search_through_all_rows(
    numbers: dict[str, str], prefixes: dict[str, str], queries: list[str]
) -> None:
    tables = build(Rows(operators=OPERATORS, numbers=numbers.items(), prefixes=prefixes.items()))
    for query in [*queries, *numbers, *prefixes]:
        fitting = sorted((head for head in prefixes if query.startswith(head)), key=len, reverse=True)
        assert tables.full(query) == numbers.get(query)
        assert [entry.digits for entry in tables.matching(query)] == fitting
        longest = tables.longest(query)
        assert (longest.digits if longest else None) == (fitting[0] if fitting else None)
        longer = [number for number in (*numbers, *prefixes) if number != query and number.startswith(query)]
        assert tables.begins_something(query) is bool(longer)
        assert [number for number, _ in tables.numbers.below(query)] == sorted(
            number for number in numbers if number != query and number.startswith(query)
        )


@given(st.lists(st.tuples(digits, st.integers(0, 9))))
def test_the_first_of_two_rows_for_one_number_is_kept(rows: list[tuple[str, int]]) -> None:
    table, twice = collect(rows)
    kept: dict[str, int] = {}
    for number, value in rows:
        kept.setdefault(number, value)
    assert dict(table.items()) == kept
    assert len(table) == len(kept)
    assert len(twice) == len(rows) - len(kept)
    assert all(kept[again.digits] == again.kept for again in twice)


@given(
    st.dictionaries(digits, st.sampled_from("abc")), st.dictionaries(digits, st.sampled_from("abc")), st.sets(digits)
)
def test_a_change_gives_what_a_new_build_would_give(
    before: dict[str, str], put: dict[str, str], gone: set[str]
) -> None:
    after = {number: key for number, key in before.items() if number not in gone} | put
    ported = {number: (f"D{key}", key) for number, key in before.items()}
    tables = build(
        Rows(operators=OPERATORS, numbers=before.items(), ported=((number, *to) for number, to in ported.items()))
    )
    new = changed(
        tables,
        generation=2,
        put=put.items(),
        dropped=gone,
        ported=((number, f"D{key}", key) for number, key in put.items()),
        returned=gone,
    )
    assert dict(new.numbers.items()) == {number: new.keys.index(key) for number, key in after.items()}
    assert {number: new.porting(number) for number, _ in new.ported.items()} == {
        number: Ported(f"D{key}".upper(), key) for number, key in after.items()
    }
    assert (new.generation, tables.generation) == (2, 1)
    assert dict(tables.numbers.items()) == {number: tables.keys.index(key) for number, key in before.items()}


@given(
    st.lists(st.tuples(digits, st.integers(0, 9))),
    st.lists(st.tuples(st.lists(st.tuples(digits, st.integers(0, 9))), st.lists(digits)), min_size=1, max_size=4),
)
def test_the_same_numbers_stand_in_the_same_leaves_by_whatever_steps_they_came(
    rows: list[tuple[str, int]], steps: list[tuple[list[tuple[str, int]], list[str]]]
) -> None:
    with patch.multiple(sorted_numbers, _LEAF=3, _RUN=4):
        table, _ = collect(rows)
        kept = dict(table.items())
        for put, gone in steps:
            before, old = dict(table.items()), table
            table = old.changed(put, gone)
            kept = {number: value for number, value in kept.items() if number not in gone} | dict(put)
            fresh, _ = collect(sorted(kept.items()))
            assert dict(old.items()) == before
            assert [(list(leaf.keys), list(leaf.values)) for leaf in table.leaves] == [
                (list(leaf.keys), list(leaf.values)) for leaf in fresh.leaves
            ]
            assert list(table.items()) == sorted(kept.items())
            assert len(table) == len(kept)
            assert all(table.find(number) == kept.get(number) for number in (*before, *kept, *gone))
            assert table.digest(range(10)) == fresh.digest(range(10))


def test_a_change_shares_all_but_a_few_leaves_with_the_table_before_it() -> None:
    old, _ = collect((f"49{number:06}", 1) for number in range(100_000))
    new = old.changed([("49050000", 2)], ["49000000"])
    assert 0 < old.unshared(new) < 10_000
    assert old.unshared(old) == 0
    assert old.changed([("49050000", 1)], ["4905"]) is old
    apart, _ = collect(old.items())
    assert old.unshared(apart) == len(old)


def test_a_digest_says_what_values_mean_and_not_which_they_are() -> None:
    one, _ = collect([("491", 0), ("492", 1)])
    other, _ = collect([("491", 1), ("492", 0)])
    assert one.digest("ab") == other.digest("ba")
    assert one.digest("ab") != collect([("491", 1), ("492", 0)])[0].digest("ab")


def test_the_hash_follows_the_content_and_nothing_else() -> None:
    numbers = [("491", "a"), ("492", "b"), ("493", "c")]
    ported = [("491", "D1", None), ("492", None, "b")]

    def tables(**rows: object) -> Tables:
        return build(Rows(operators=OPERATORS, **({"numbers": numbers, "ported": ported} | rows)))

    plain = tables()
    assert plain.sha256 == tables(numbers=numbers[::-1], ported=ported[::-1]).sha256
    assert plain.sha256 == build(Rows(operators=OPERATORS, numbers=numbers, ported=ported), generation=9).sha256
    fewer = tables(numbers=numbers[:2])
    assert fewer.sha256 != plain.sha256
    assert changed(fewer, generation=3, put=[("493", "c")]).sha256 == plain.sha256
    assert changed(plain, generation=3, dropped=["493"]).sha256 == fewer.sha256
    others = [
        {"default": "a"},
        {"prefixes": [("4", "a")]},
        {"carriers": [("1", "a")]},
        {"services": [("115", "+49", None, "a")]},
    ]
    assert len({plain.sha256, *(tables(**other).sha256 for other in others)}) == 5


def test_rows_that_cannot_stand_are_left_out_and_named() -> None:
    tables = build(
        Rows(
            operators=OPERATORS,
            numbers=[("49x", "a"), ("1" * 16, "a"), ("", "a"), ("٤٩", "a"), ("491", "nobody"), ("492", "a")],
            ported=[("4x", "D1", None), ("493", None, None), ("494", "D1", "nobody"), ("495", "d1", None)],
            prefixes=[("4x", "a"), ("49", "nobody"), ("49", "a")],
            stems=[("4972", "a", -1, 4), ("4973", "a", 3, 2), ("4974", "a", 1, 2)],
            routing_numbers=[("D1", "nobody"), ("d2", "a")],
            carriers=[("+1", "nobody")],
            services=[("115", "+49", None, "nobody"), ("116117", "+49", None, "a")],
            default="nobody",
        )
    )
    assert whats(tables) == [
        *["number-refused"] * 5,
        *["ported-refused"] * 3,
        *["range-refused"] * 4,
        "code-refused",
        "code-refused",
        "service-refused",
        "default-refused",
    ]
    assert (len(tables.numbers), tables.porting("495"), tables.default) == (1, Ported("D1", None), None)
    assert tables.routing_numbers == {"D2": "a"}
    assert tables.services == {("116117", "+49"): Service(None, "a")}


def test_contradictions_name_both_sides() -> None:
    tables = build(
        Rows(
            operators=OPERATORS,
            numbers=[("491", "a"), ("491", "b"), ("492", "a"), ("492", "a")],
            ported=[("491", "D1", None), ("491", "D2", None), ("492", "D1", None), ("492", "D1", None)],
            prefixes=[("49", "a"), ("49", "a"), ("49", "b")],
            stems=[("49", "c", 1, 2)],
            routing_numbers=[("D1", "a"), ("D1", "a"), ("D1", "b")],
            services=[("115", "+49", None, "a"), ("115", "+49", None, "a"), ("115", "+49", None, "b")],
        )
    )
    assert tables.conflicts == (
        Conflict("number-twice", "number 491 of b", "number 491 of a", "one number, two targets; the first is kept"),
        Conflict(
            "ported-twice",
            "ported number 491 to D2, no operator",
            "ported number 491 to D1, no operator",
            "one number, two targets; the first is kept",
        ),
        Conflict("range-twice", "prefix 49 of b", "prefix 49 of a", "one beginning, two targets; the first is kept"),
        Conflict(
            "range-twice",
            "stem 49 of c with 1 to 2 digits",
            "prefix 49 of a",
            "one beginning, two targets; the first is kept",
        ),
        Conflict(
            "code-twice",
            "routing number D1 of b",
            "routing number D1 of a",
            "one number, two targets; the first is kept",
        ),
        Conflict("service-twice", "service 115 of b", "service 115 of a", "one number, two targets; the first is kept"),
    )
    assert tables.full("491") == "a"
    assert tables.porting("491") == Ported("D1", None)


@pytest.mark.parametrize(
    ("outer", "inner", "confused"),
    [
        (("4972", "a", 1, 4), ("497219", "a", 1, 4), True),
        (("4972", "a", 3, 4), ("497219", "a", 1, 4), True),
        (("4972", "a", 9, 9), ("497219", "a", 1, 4), False),
        (("4972", "a", 0, 0), ("497219", "a", 1, 4), True),
        (("4972", "a", 1, 4), ("4973", "a", 1, 4), False),
    ],
)
def test_stems_inside_stems_are_contradictions_where_lengths_meet(outer: tuple, inner: tuple, confused: bool) -> None:
    assert whats(build(Rows(operators=OPERATORS, stems=[outer, inner]))) == ["nested-stems"] * confused


def test_a_stem_that_needs_no_digit_may_be_a_number_of_its_own() -> None:
    tables = build(
        Rows(
            operators=OPERATORS,
            numbers=[("4972", "a"), ("497", "a"), ("4972123", "a")],
            ported=[("4972", None, "a")],
            stems=[("4972", "a", 0, 2)],
        )
    )
    assert tables.conflicts == ()
    found = [(conflict.what, conflict.row) for conflict in contradictions(tables)]
    assert found[:2] == [("number-in-stem", "number 497"), ("number-outside-stem", "number 4972123")]
    assert {what for what, _ in found[2:]} == {"number-in-number"}


def test_a_routing_number_that_no_number_has_any_more_is_no_contradiction() -> None:
    tables = build(Rows(operators=OPERATORS, ported=[("491", "D9", None), ("492", None, "a")]))
    assert [conflict.what for conflict in contradictions(tables)] == ["routing-number-unknown"]
    assert list(contradictions(changed(tables, generation=2, returned=["491"]))) == []


def test_a_file_of_rubbish_does_not_fill_the_memory() -> None:
    rubbish = (("x", "a") for _ in range(MOST_CONFLICTS + 5))
    assert len(build(Rows(operators=OPERATORS, numbers=rubbish)).conflicts) == MOST_CONFLICTS


def test_the_long_check_finds_what_no_single_row_shows() -> None:
    tables = build(
        Rows(
            operators=OPERATORS,
            numbers=[("4972", "a"), ("49721", "a"), ("497299999", "a"), ("497211", "b"), ("491", "a"), ("498", "a")],
            ported=[
                ("4972999999", "D1", None),
                ("491", "D1", None),
                ("497", "D9", None),
                ("498", "D1", None),
                ("494", None, "b"),
            ],
            prefixes=[("4", "a")],
            stems=[("4972", "a", 1, 2)],
            routing_numbers=[("D1", "b")],
        )
    )
    found = [(conflict.what, conflict.row, conflict.other) for conflict in contradictions(tables)]
    stem = "stem 4972 of a with 1 to 2 digits"
    assert found == [
        ("number-in-stem", "number 497", stem),
        ("number-in-stem", "number 4972", stem),
        ("number-outside-stem", "number 497299999", stem),
        ("number-outside-stem", "ported number 4972999999", stem),
        ("number-in-number", "number 49721 of a", "number 4972 of a"),
        ("number-in-number", "number 497211 of b", "number 49721 of a"),
        ("routing-number-unknown", "routing number D9", ""),
        ("ported-away", "ported number 491 to b", "number 491 of a"),
        ("ported-away", "ported number 498 to b", "number 498 of a"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"put": [("x", "a")]},
        {"put": [("1", "nobody")]},
        {"ported": [("1", None, None)]},
        {"dropped": ["x"]},
        {"returned": [""]},
    ],
)
def test_a_change_that_cannot_stand_is_refused(change: dict) -> None:
    tables = build(Rows(operators=OPERATORS))
    with pytest.raises(ValueError, match="cannot stand"):
        changed(tables, generation=2, **change)


def test_routing_numbers_match_by_their_beginning_and_then_by_range() -> None:
    tables = build(
        Rows(operators=OPERATORS, prefixes=[("49", "c")], routing_numbers=[("D1", "a"), ("D12", "b"), ("+1", "a")])
    )
    assert [
        tables.by_routing_number(code) for code in ("D1", "D13", "D12", "D129", "D2", "+15", "+491", "+4D", "+3")
    ] == [
        "a",
        "a",
        "b",
        "b",
        None,
        "a",
        "c",
        None,
        None,
    ]


def test_long_numbers_are_in_no_table(rows: Callable[..., Rows]) -> None:
    tables = build(rows())
    assert tables.full("4" * 16) is None
    assert tables.begins_something("4" * 15) is False
    assert tables.ranges["49171"] == Range("49171", "mobil")
    assert EMPTY.generation == 0
