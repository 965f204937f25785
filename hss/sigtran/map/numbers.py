"""Digits on the wire of MAP: TBCD strings and address strings. Source: TS 29.002 §17.7.8."""

from dataclasses import dataclass
from typing import Final

from schemas.octets import DecodeError

INTERNATIONAL: Final = 1
E164: Final = 1
MOST_ADDRESS_OCTETS: Final = 20
_SWAP: Final = bytes((octet & 15) << 4 | octet >> 4 for octet in range(256))
# Signals beyond 9 in the order of their codes, and the hexadecimal digits that Python writes for these.
_SIGNALS: Final = "*#abc"
_TO_SIGNALS: Final = str.maketrans("abcde", _SIGNALS)
_FROM_SIGNALS: Final = str.maketrans(_SIGNALS, "abcde", "defABCDEF")
_FILLER: Final = "f"


def read_tbcd(octets: bytes) -> str:
    """Read digits and the signals * # a b c; a filler may stand only at the end."""
    digits = octets.translate(_SWAP).hex()
    if digits.endswith(_FILLER):
        digits = digits[:-1]
    if digits.isdecimal():
        return digits
    if _FILLER in digits:
        raise DecodeError("a filler inside the digits", at=0)
    return digits.translate(_TO_SIGNALS)


def write_tbcd(digits: str) -> bytes:
    """Write digits and signals; raise `ValueError` where there is another character."""
    if digits and not (digits.isascii() and digits.isdecimal()):
        signals = digits.translate(_FROM_SIGNALS)
        if len(signals) != len(digits) or not signals.isalnum():
            raise ValueError(f"not digits of a TBCD string: {digits!r}")
        digits = signals
    return bytes.fromhex(digits + _FILLER if len(digits) % 2 else digits).translate(_SWAP)


@dataclass(slots=True)
class Address:
    """An AddressString, and its narrower kin for ISDN and forwarded-to numbers.

    A value that is not changed after it is made; it is not frozen because several are made for each message.
    """

    digits: str
    nature: int = INTERNATIONAL
    plan: int = E164

    def encode(self) -> bytes:
        """Write nature, plan and digits."""
        return bytes((0x80 | self.nature << 4 | self.plan,)) + write_tbcd(self.digits)

    def __str__(self) -> str:
        """Write the digits, with a plus sign where they are international."""
        return f"+{self.digits}" if self.nature == INTERNATIONAL else self.digits


def read_address(octets: bytes) -> Address:
    """Read an address string of 1 to 20 octets."""
    if not 1 <= len(octets) <= MOST_ADDRESS_OCTETS:
        raise DecodeError(f"address string of {len(octets)} octets", at=0)
    return Address(read_tbcd(octets[1:]), octets[0] >> 4 & 7, octets[0] & 15)


def read_imsi(octets: bytes) -> str:
    """Read an IMSI of 3 to 8 octets."""
    if not 3 <= len(octets) <= 8:
        raise DecodeError(f"IMSI of {len(octets)} octets", at=0)
    return read_tbcd(octets)
