"""Whole lines of a stream that is cut anywhere."""

import itertools
from collections.abc import AsyncIterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from hss.services.bulk_lines import whole_lines


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(ends)]


async def items_of(pieces: Sequence[bytes], longest: int) -> list[bytes]:
    return [item async for item in whole_lines(stream(pieces), longest=longest)]


FILES = st.lists(st.sampled_from([b"", b"\n", b"a", b"bc", b"\r", b"0123456789"]), max_size=30).map(b"".join)


@given(FILES, st.lists(st.integers(0, 300), max_size=8))
async def test_the_items_together_are_the_stream(data: bytes, places: list[int]) -> None:
    items = await items_of(cut(data, places), 1000)
    assert b"".join(items) == data
    assert all(item.endswith(b"\n") for item in items[:-1])


@given(FILES, st.lists(st.integers(0, 300), max_size=8), st.integers(0, 12))
async def test_a_line_that_is_too_long_keeps_its_place_and_is_still_too_long(
    data: bytes, places: list[int], longest: int
) -> None:
    got = b"".join(await items_of(cut(data, places), longest)).split(b"\n")
    assert got == [line[: longest + 1] for line in data.split(b"\n")]


async def test_an_endless_line_is_not_kept() -> None:
    items = await items_of([b"x" * 100] * 1000, 10)
    assert items == [b"x" * 11]
