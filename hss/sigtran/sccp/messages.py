"""Connectionless messages of SCCP: values with their codec. Source: ITU-T Q.713."""

from dataclasses import dataclass
from typing import Final

from hss.sigtran.m3ua.messages import Transfer
from schemas.numbers.sccp import MOST_HOPS, RETURN_ON_ERROR, Option, Type
from schemas.octets import DecodeError

MOST_UDT_OCTETS: Final = 255
MOST_POINTER: Final = 255
MOST_ADDRESS_OCTETS: Final = 40  # a bound, so that answers fit; no limit of Q.713
DATA_TYPES: Final = frozenset({Type.UDT, Type.XUDT, Type.LUDT})
SERVICE_TYPES: Final = frozenset({Type.UDTS, Type.XUDTS, Type.LUDTS})
_FIRST: Final = 0x80
_IN_SEQUENCE: Final = 0x40
_TYPES: Final = frozenset(Type)
_UDT: Final = int(Type.UDT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """One segment of a longer message (Q.713)."""

    first: bool
    sequenced: bool
    remaining: int
    reference: int

    def encode(self) -> bytes:
        """Write the 4 octets."""
        flags = (_FIRST if self.first else 0) | (_IN_SEQUENCE if self.sequenced else 0)
        return bytes((flags | self.remaining,)) + self.reference.to_bytes(3, "big")


@dataclass(slots=True, kw_only=True)
class Unitdata:
    """N-UNITDATA: user data between two addresses, which are kept as their octets.

    `origin` is the transfer that brought it; an answer goes the same way. `sequenced` is protocol class 1.
    A value that is not changed after it is made; it is not frozen because one is made for each message.
    """

    called: bytes
    calling: bytes
    data: bytes
    sequenced: bool = False
    return_on_error: bool = False
    origin: Transfer | None = None

    def back(self, data: bytes, *, calling: bytes | None = None) -> "Unitdata":
        """Make the answer: its called address is the calling one as received (TS 29.002 §6.1.3)."""
        return Unitdata(
            called=self.calling,
            calling=calling or self.called,
            data=data,
            sequenced=self.sequenced,
            origin=self.origin,
        )


@dataclass(slots=True, kw_only=True)
class Message:
    """Any connectionless message; `hops` and `segmentation` are those of the extended ones.

    In a service message (UDTS and its kin) `code` is the return cause, else the octet of the protocol class.
    """

    type: Type
    code: int
    called: bytes
    calling: bytes
    data: bytes
    hops: int = MOST_HOPS
    segmentation: Segmentation | None = None

    @property
    def sequenced(self) -> bool:
        """Whether the protocol class is 1."""
        return bool(self.code & 1)

    @property
    def return_on_error(self) -> bool:
        """Whether the sender wants the message back where it cannot be delivered."""
        return bool(self.code & RETURN_ON_ERROR)

    def encode(self) -> bytes:
        """Write the message: fixed part, pointers, called, calling, data, options."""
        if self.type in {Type.LUDT, Type.LUDTS}:
            return self._encode_long()
        called_at = len(self.called) + 1
        if self.type in {Type.UDT, Type.UDTS}:
            head = bytes((self.type, self.code, 3, 2 + called_at, 1 + called_at + len(self.calling) + 1))
            return head + self._body() + bytes((len(self.data),)) + self.data
        calling_at = called_at + len(self.calling) + 1
        options = self._options()
        behind = 1 + calling_at + len(self.data) + 1
        if options and behind > MOST_POINTER:  # the options stand before the data, so that the pointer reaches them
            head = bytes(
                (self.type, self.code, self.hops, 4, 3 + called_at, 2 + calling_at + len(options), 1 + calling_at)
            )
            return head + self._body() + options + bytes((len(self.data),)) + self.data
        head = bytes((self.type, self.code, self.hops, 4, 3 + called_at, 2 + calling_at, behind if options else 0))
        return head + self._body() + bytes((len(self.data),)) + self.data + options

    def _encode_long(self) -> bytes:
        # 16-bit pointers count from their own second octet, least significant octet first.
        called_at = len(self.called) + 1
        calling_at = called_at + len(self.calling) + 1
        options = self._options()
        pointers = (7, 5 + called_at, 3 + calling_at, 1 + calling_at + len(self.data) + 2 if options else 0)
        head = bytes((self.type, self.code, self.hops)) + b"".join(at.to_bytes(2, "little") for at in pointers)
        return head + self._body() + len(self.data).to_bytes(2, "little") + self.data + options

    def _body(self) -> bytes:
        return bytes((len(self.called),)) + self.called + bytes((len(self.calling),)) + self.calling

    def _options(self) -> bytes:
        if self.segmentation is None:
            return b""
        return bytes((Option.SEGMENTATION, 4)) + self.segmentation.encode() + bytes((Option.END,))

    @classmethod
    def decode(cls, octets: bytes) -> "Message":
        """Read any of the six messages; the parts may stand anywhere behind the pointers."""
        if len(octets) < 5:
            raise DecodeError("SCCP message is cut short", at=len(octets))
        kind = octets[0]
        if kind == _UDT:
            return cls(
                type=Type.UDT,
                code=octets[1],
                called=_address(octets, 2, "called address"),
                calling=_address(octets, 3, "calling address"),
                data=_short_part(octets, 4, "data"),
            )
        if kind not in _TYPES:
            raise DecodeError(f"SCCP message type {kind:#04x}", at=0)
        if kind == Type.UDTS:
            return cls(
                type=Type.UDTS,
                code=octets[1],
                called=_address(octets, 2, "called address"),
                calling=_address(octets, 3, "calling address"),
                data=_part(octets, 4, "data"),
            )
        return cls._decode_extended(octets, Type(kind))

    @classmethod
    def _decode_extended(cls, octets: bytes, kind: Type) -> "Message":
        long = kind in {Type.LUDT, Type.LUDTS}
        width = 2 if long else 1
        if len(octets) < 3 + 4 * width:
            raise DecodeError("pointers are cut short", at=len(octets))
        return cls(
            type=kind,
            code=octets[1],
            hops=octets[2] & 0xF,
            called=_address(octets, 3, "called address", width),
            calling=_address(octets, 3 + width, "calling address", width),
            data=_part(octets, 3 + 2 * width, "data", pointer=width, length=width),
            segmentation=_segmentation(octets, 3 + 3 * width, width),
        )


def _short_part(octets: bytes, at: int, what: str) -> bytes:
    """Read the part that the one-octet pointer at `at` names."""
    start = at + octets[at]
    if start != at and start < len(octets):
        stop = start + 1 + octets[start]
        if stop <= len(octets):
            return octets[start + 1 : stop]
    raise DecodeError(f"{what} is not in the message", at=at)


def _address(octets: bytes, at: int, what: str, pointer: int = 1) -> bytes:
    address = _short_part(octets, at, what) if pointer == 1 else _part(octets, at, what, pointer=pointer)
    if len(address) > MOST_ADDRESS_OCTETS:
        raise DecodeError(f"{what} has {len(address)} octets", at=at)
    return address


def _part(octets: bytes, at: int, what: str, *, pointer: int = 1, length: int = 1) -> bytes:
    """Read the part that the pointer at `at` names; a pointer counts from its own last octet."""
    last = at + pointer - 1
    start = last + int.from_bytes(octets[at : at + pointer], "little")
    if start == last or start + length > len(octets):
        raise DecodeError(f"{what} is not in the message", at=at)
    stop = start + length + int.from_bytes(octets[start : start + length], "little")
    if stop > len(octets):
        raise DecodeError(f"{what} is cut short", at=start)
    return octets[start + length : stop]


def _segmentation(octets: bytes, at: int, width: int) -> Segmentation | None:
    offset = int.from_bytes(octets[at : at + width], "little")
    at += width - 1 + offset
    while offset and at < len(octets) and octets[at] != Option.END:
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            raise DecodeError("option is cut short", at=at)
        value = octets[at + 2 : at + 2 + octets[at + 1]]
        if octets[at] == Option.SEGMENTATION:
            if len(value) != 4:
                raise DecodeError(f"segmentation has {len(value)} octets", at=at)
            return Segmentation(
                first=bool(value[0] & _FIRST),
                sequenced=bool(value[0] & _IN_SEQUENCE),
                remaining=value[0] & 0xF,
                reference=int.from_bytes(value[1:], "big"),
            )
        at += 2 + len(value)
    return None
