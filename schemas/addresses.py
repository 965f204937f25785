"""Addresses of the signalling network: point codes and global titles."""

from dataclasses import dataclass
from typing import Self

from schemas.numbers.sccp import Nature, NumberingPlan

MOST_POINT_CODE = 0x3FFF  # ITU-T Q.704: 14 bits


class AddressError(ValueError):
    """The text or number is not an address; the message names the rule."""


@dataclass(frozen=True, slots=True)
class PointCode:
    """A signalling point of an ITU network: 14 bits."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a decimal number, or zone-area-point as 3, 8 and 3 bits; raise `AddressError` otherwise."""
        parts = text.strip().split("-")
        if not all(part.isascii() and part.isdecimal() for part in parts) or len(parts) not in {1, 3}:
            raise AddressError(f"a point code is a number or three joined by '-': {text!r}")
        numbers = [int(part) for part in parts]
        if len(numbers) == 1:
            number = numbers[0]
        elif numbers[0] > 7 or numbers[1] > 255 or numbers[2] > 7:
            raise AddressError(f"a point code has parts up to 7-255-7: {text!r}")
        else:
            number = numbers[0] << 11 | numbers[1] << 3 | numbers[2]
        if number > MOST_POINT_CODE:
            raise AddressError(f"a point code is at most {MOST_POINT_CODE}: {text!r}")
        return cls(number)

    def __str__(self) -> str:
        """Write zone, area and point."""
        return f"{self.number >> 11}-{self.number >> 3 & 255}-{self.number & 7}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalTitle:
    """A global title of SCCP (ITU-T Q.713 §3.4.2.3).

    `indicator` 1 to 4 says which of the other parts are there. `digits` may hold the letters a to e for the
    signals beyond 9.
    """

    digits: str
    indicator: int = 4
    plan: int = NumberingPlan.E164
    nature: int = Nature.INTERNATIONAL
    translation_type: int = 0
