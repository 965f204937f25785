"""The dialogue portion: a value with its codec. Source: ITU-T Q.773."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from hss.sigtran import ber
from schemas.numbers.tcap import Diagnostic, Tag
from schemas.octets import DecodeError

AS_ID: Final = bytes.fromhex("00118605010101")  # itu-t recommendation q 773 as(1) dialogue-as(1) version1(1)
VERSION_ONE: Final = bytes.fromhex("80020780")


class Pdu(IntEnum):
    """Tags of the dialogue PDUs."""

    AARQ = 0x60
    AARE = 0x61
    ABRT = 0x64


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A dialogue portion. `context` is the content of the application context's object identifier."""

    pdu: Pdu
    context: bytes = b""
    version_one: bool = True  # protocol version 1 is among those offered
    accepted: bool | None = None  # of AARE
    diagnostic: int = 0  # of AARE, see `Diagnostic`
    abort_source: int | None = None  # of ABRT: 0 user, 1 provider
    user_information: bytes = b""  # the content of [30]

    def encode(self) -> bytes:
        """Write the whole dialogue portion."""
        content = {Pdu.AARQ: self._request, Pdu.AARE: self._response, Pdu.ABRT: self._abort}[self.pdu]()
        if self.user_information:
            content += ber.write(0xBE, self.user_information)
        single = ber.write(0xA0, ber.write(self.pdu, content))
        return ber.write(Tag.DIALOGUE_PORTION, ber.write(0x28, ber.write(ber.OBJECT_IDENTIFIER, AS_ID) + single))

    def _request(self) -> bytes:
        return VERSION_ONE + ber.write(0xA1, ber.write(ber.OBJECT_IDENTIFIER, self.context))

    def _response(self) -> bytes:
        result = ber.write(0xA2, bytes((0x02, 1, 0 if self.accepted else 1)))
        source = ber.write(0xA3, ber.write(self.diagnostic >> 8, bytes((0x02, 1, self.diagnostic & 0xFF))))
        return self._request() + result + source

    def _abort(self) -> bytes:
        return ber.write(0x80, bytes((self.abort_source or 0,)))


@lru_cache(maxsize=256)
def request(context: bytes) -> bytes:
    """Write an AARQ."""
    return Portion(pdu=Pdu.AARQ, context=context).encode()


@lru_cache(maxsize=256)
def acceptance(context: bytes) -> bytes:
    """Write an AARE that accepts; the same octets for each dialogue of a context."""
    return Portion(pdu=Pdu.AARE, context=context, accepted=True, diagnostic=Diagnostic.USER_NULL).encode()


@lru_cache(maxsize=256)
def refusal(context: bytes, diagnostic: Diagnostic) -> bytes:
    """Write an AARE that refuses; `context` is what is offered instead."""
    return Portion(pdu=Pdu.AARE, context=context, accepted=False, diagnostic=diagnostic).encode()


@lru_cache(maxsize=1024)
def read_portion(octets: bytes) -> Portion:
    """Read a whole dialogue portion; those that come again and again are remembered."""
    tag, external = ber.only(octets)
    if tag != Tag.DIALOGUE_PORTION:
        raise DecodeError("not a dialogue portion", at=0)
    tag, content = ber.only(external)
    if tag != 0x28:
        raise DecodeError("the dialogue portion is no EXTERNAL", at=0)
    for element in ber.elements(content):
        if element.tag == 0xA0:
            pdu, body = ber.only(content[element.start : element.stop])
            return _read_pdu(pdu, body)
    raise DecodeError("EXTERNAL without single-ASN1-type", at=0)


def _read_pdu(pdu: int, body: bytes) -> Portion:
    if pdu not in set(Pdu):
        raise DecodeError(f"dialogue PDU {pdu:#04x}", at=0)
    parts = {element.tag: body[element.start : element.stop] for element in ber.elements(body)}
    context = b""
    if 0xA1 in parts:
        tag, context = ber.only(parts[0xA1])
        if tag != ber.OBJECT_IDENTIFIER:
            raise DecodeError("application context name is no OBJECT IDENTIFIER", at=0)
    elif pdu != Pdu.ABRT:
        raise DecodeError("application context name is missing", at=0)
    versions = parts.get(0x80, b"\x07\x80")
    return Portion(
        pdu=Pdu(pdu),
        context=context,
        version_one=pdu == Pdu.ABRT or (len(versions) > 1 and bool(versions[1] & 0x80)),
        accepted=_read_result(parts) if pdu == Pdu.AARE else None,
        diagnostic=_read_diagnostic(parts) if pdu == Pdu.AARE else 0,
        abort_source=ber.read_integer(parts[0x80], "abort source") if pdu == Pdu.ABRT and 0x80 in parts else None,
        user_information=parts.get(0xBE, b""),
    )


def _read_result(parts: dict[int, bytes]) -> bool:
    if 0xA2 not in parts:
        raise DecodeError("result is missing", at=0)
    return ber.read_integer(ber.only(parts[0xA2])[1], "result") == 0


def _read_diagnostic(parts: dict[int, bytes]) -> int:
    if 0xA3 not in parts:
        return 0
    tag, number = ber.only(parts[0xA3])
    return tag << 8 | ber.read_integer(ber.only(number)[1], "diagnostic") & 0xFF
