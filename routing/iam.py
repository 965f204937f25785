"""ISUP Initial Address Message: octets to fields (ITU-T Q.763 layout; clauses not verified here)."""

from typing import Final, NamedTuple

from routing.normalise import Signals
from routing.normalise.isup import split_octets
from routing.normalise.number import NumberError
from schemas.octets import Cursor, DecodeError

IAM: Final = 0x01
LONGEST: Final = 272  # octets: what one MTP3 message carries
CALLING_PARTY_NUMBER: Final = 0x0A
GENERIC_ADDRESS: Final = 0xC0  # ANSI T1.113; the generic number of Q.763 has the same name and layout
PORTED_NUMBER: Final = 0xC0  # type of the address; as a qualifier of Q.763 it is reserved for national use
NUMBER_TRANSLATED: Final = 0x10  # bit M of the forward call indicators, second octet
MOST_PARAMETERS: Final = 64

ALLOWED: Final = 0
RESTRICTED: Final = 1
UNAVAILABLE: Final = 2
# Screening of the calling number: who vouches for it
NOT_VERIFIED: Final = 0
VERIFIED: Final = 1
FAILED: Final = 2
NETWORK: Final = 3


class Calling(NamedTuple):
    """The calling party number. `presentation` and `screening` as coded."""

    signals: Signals
    presentation: int
    screening: int


class Iam(NamedTuple):
    """What an IAM says. `octets` are the message from its type on, without circuit; `parameters` all optional ones.

    `ported` = the octets of the number that was dialled, where the called number is the routing number of its network.
    """

    octets: bytes
    circuit: int | None
    translated: bool
    category: int
    medium: int
    called_octets: bytes
    calling: Calling | None
    ported: bytes | None
    parameters: tuple[tuple[int, bytes], ...]


def decode_iam(octets: bytes, *, with_circuit: bool = False) -> Iam:
    """Read an IAM; `with_circuit` = two octets of circuit identification stand in front. Raises `DecodeError`."""
    if len(octets) > LONGEST:
        raise DecodeError(f"an IAM has more than {LONGEST} octets", at=LONGEST)
    cursor = Cursor(octets)
    circuit = int.from_bytes(cursor.take(2, "circuit"), "little") & 0x0FFF if with_circuit else None
    start = cursor.at
    if cursor.number(1, "message type") != IAM:
        raise DecodeError("not an IAM", at=start)
    cursor.take(1, "nature of connection")
    forward = cursor.take(2, "forward call indicators")
    category, medium = cursor.number(1, "calling party category"), cursor.number(1, "transmission medium")
    called = _variable(cursor, "called party number")
    parameters = _optional(cursor)
    calling = dict(parameters).get(CALLING_PARTY_NUMBER)
    translated = bool(forward[1] & NUMBER_TRANSLATED)
    return Iam(
        octets[start:],
        circuit,
        translated,
        category,
        medium,
        called,
        _calling(calling, len(octets)) if calling is not None else None,
        _ported(parameters) if translated else None,
        parameters,
    )


def _ported(parameters: tuple[tuple[int, bytes], ...]) -> bytes | None:
    """Find the ported number of a translated call (RFC 3398 §8.2.1.1); other generic numbers are none."""
    for name, value in parameters:
        if name == GENERIC_ADDRESS and value[:1] == bytes((PORTED_NUMBER,)):
            return value[1:]
    return None


def _variable(cursor: Cursor, what: str) -> bytes:
    """Follow a pointer, which counts from its own octet, to a length and a value."""
    at = cursor.at
    pointer = cursor.number(1, f"pointer to {what}")
    there = Cursor(cursor.data, at + pointer)
    if not pointer:
        raise DecodeError(f"no {what}", at=at)
    return there.take(there.number(1, f"length of {what}"), what)


def _optional(cursor: Cursor) -> tuple[tuple[int, bytes], ...]:
    at = cursor.at
    pointer = cursor.number(1, "pointer to the optional part")
    if not pointer:
        return ()
    there = Cursor(cursor.data, at + pointer)
    found: list[tuple[int, bytes]] = []
    while name := there.number(1, "name of a parameter"):
        if len(found) == MOST_PARAMETERS:
            raise DecodeError("too many optional parameters", at=there.at)
        found.append((name, there.take(there.number(1, "length of a parameter"), "parameter")))
    return tuple(found)


def _calling(value: bytes, end: int) -> Calling:
    try:
        signals = split_octets(value).signals
    except NumberError as error:
        raise DecodeError(f"calling party number: {error.why}", at=end) from None
    return Calling(signals, value[1] >> 2 & 0x03, value[1] & 0x03)
