"""Addresses of the signalling network."""

import pytest

from schemas.addresses import AddressError, PointCode


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("16383", 16383), ("7-255-7", 16383), (" 1-1-1 ", 2057)])
def test_a_point_code_is_a_number_or_three(text: str, number: int) -> None:
    assert PointCode.parse(text) == PointCode(number)
    assert PointCode.parse(str(PointCode(number))) == PointCode(number)


@pytest.mark.parametrize("text", ["", "16384", "8-0-0", "0-256-0", "0-0-8", "1-2", "a", "-1", "1-2-3-4"])
def test_what_is_no_point_code_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="point code"):
        PointCode.parse(text)
