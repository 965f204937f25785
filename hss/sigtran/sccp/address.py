"""Called and calling party addresses: a value with its codec. Source: ITU-T Q.713."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from schemas.addresses import GlobalTitle
from schemas.numbers.sccp import Nature, NumberingPlan
from schemas.octets import Cursor, DecodeError

ON_SUBSYSTEM: Final = 0x40
HAS_SUBSYSTEM: Final = 0x02
HAS_POINT_CODE: Final = 0x01
MOST_DIGITS: Final = 32
SIGNALS: Final = "0123456789abcdef"
BCD_ODD: Final = 1
BCD_EVEN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An SCCP address; `on_subsystem` says that it is routed by point code and subsystem, else by global title."""

    subsystem: int | None = None
    point_code: int | None = None
    title: GlobalTitle | None = None
    on_subsystem: bool = False

    def encode(self) -> bytes:
        """Write indicator, point code, subsystem and global title."""
        kind = 0 if self.title is None else self.title.indicator
        octets = bytearray([kind << 2])
        if self.on_subsystem:
            octets[0] |= ON_SUBSYSTEM
        if self.point_code is not None:
            octets[0] |= HAS_POINT_CODE
            octets += self.point_code.to_bytes(2, "little")
        if self.subsystem is not None:
            octets[0] |= HAS_SUBSYSTEM
            octets.append(self.subsystem)
        if self.title is not None:
            octets += _write_title(self.title)
        return bytes(octets)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read an address; the bit reserved for national use is ignored."""
        cursor = Cursor(octets)
        indicator = cursor.number(1, "address indicator")
        point_code = None
        if indicator & HAS_POINT_CODE:
            point_code = int.from_bytes(cursor.take(2, "point code"), "little") & 0x3FFF
        subsystem = cursor.number(1, "subsystem number") if indicator & HAS_SUBSYSTEM else None
        return cls(
            subsystem=subsystem,
            point_code=point_code,
            title=_read_title(cursor, indicator >> 2 & 0xF),
            on_subsystem=bool(indicator & ON_SUBSYSTEM),
        )


@lru_cache(maxsize=4096)
def read_address(octets: bytes) -> Address:
    """Read an address; those that come again and again are remembered."""
    return Address.decode(octets)


def _write_title(title: GlobalTitle) -> bytes:
    odd = len(title.digits) % 2
    octets = bytearray()
    if title.indicator == 1:
        octets.append(odd << 7 | title.nature)
    else:
        octets.append(title.translation_type)
    if title.indicator in {3, 4}:
        octets.append(title.plan << 4 | (BCD_ODD if odd else BCD_EVEN))
    if title.indicator == 4:
        octets.append(title.nature)
    signals = [SIGNALS.index(digit) for digit in title.digits] + [0] * odd
    octets += bytes(low | high << 4 for low, high in zip(signals[::2], signals[1::2], strict=True))
    return bytes(octets)


def _read_title(cursor: Cursor, kind: int) -> GlobalTitle | None:
    if kind == 0:
        return None
    if kind > 4:
        raise DecodeError(f"global title indicator {kind}", at=0)
    translation_type, plan, nature = 0, int(NumberingPlan.E164), int(Nature.INTERNATIONAL)
    odd = False
    if kind == 1:
        octet = cursor.number(1, "nature of address")
        odd, nature = bool(octet & 0x80), octet & 0x7F
    else:
        translation_type = cursor.number(1, "translation type")
    if kind in {3, 4}:
        octet = cursor.number(1, "numbering plan and encoding scheme")
        plan, odd = octet >> 4, octet & 0xF == BCD_ODD
    if kind == 4:
        nature = cursor.number(1, "nature of address") & 0x7F
    signals = cursor.take(cursor.left, "digits")
    if len(signals) * 2 > MOST_DIGITS:
        raise DecodeError(f"global title of {len(signals) * 2} digits", at=cursor.at)
    digits = "".join(SIGNALS[octet & 0xF] + SIGNALS[octet >> 4] for octet in signals)
    return GlobalTitle(
        digits=digits[:-1] if odd and digits else digits,
        indicator=kind,
        plan=plan,
        nature=nature,
        translation_type=translation_type,
    )
