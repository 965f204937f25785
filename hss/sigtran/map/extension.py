"""Extension containers, and the private extension that names an I-CSCF. Source: TS 29.002 §17.7.11.

The extension is ours: no standard defines how sendRoutingInfo names an I-CSCF (docs/adr/0005).

    IcscfRoutingInfo ::= SEQUENCE {
        icscf-Name    [0] OCTET STRING (SIZE (1..255)),   -- FQDN
        icscf-Port    [1] INTEGER (1..65535) OPTIONAL,
        alternatives  [2] SEQUENCE OF OCTET STRING OPTIONAL,
        ... }
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hss.sigtran import ber
from schemas.octets import DecodeError

MOST_EXTENSIONS: Final = 10
MOST_BODY_OCTETS: Final = 144  # of our extension, so that the answer fits one SCCP unitdata
SIP_PORT: Final = 5060


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateExtension:
    """One private extension; its body is kept as octets because it need not be BER."""

    oid: bytes
    body: bytes = b""

    @property
    def name(self) -> str:
        """The object identifier with dots."""
        return ber.read_oid(self.oid)


def read_container(content: bytes) -> tuple[PrivateExtension, ...]:
    """Read the private extensions of a container; one that cannot be read makes it empty, not the message wrong."""
    try:
        return _read_container(content)
    except DecodeError:
        return ()


def _read_container(content: bytes) -> tuple[PrivateExtension, ...]:
    found: list[PrivateExtension] = []
    for part in ber.elements(content):
        if part.tag == 0xA0:
            found += [_read_extension(content[each.start : each.stop]) for each in ber.elements(content, *part[1:3])]
    return tuple(found[:MOST_EXTENSIONS])


def _read_extension(content: bytes) -> PrivateExtension:
    identifier = ber.element(content, 0, len(content))
    if identifier.tag != ber.OBJECT_IDENTIFIER:
        raise DecodeError("private extension without object identifier", at=0)
    return PrivateExtension(oid=content[identifier.start : identifier.stop], body=content[identifier.after :])


def write_container(extensions: Sequence[PrivateExtension]) -> bytes:
    """Write the content of a container."""
    return ber.write(0xA0, b"".join(ber.write(0x30, write_extension(each)) for each in extensions))


def write_extension(extension: PrivateExtension) -> bytes:
    """Write the content of a private extension."""
    return ber.write(ber.OBJECT_IDENTIFIER, extension.oid) + extension.body


@dataclass(frozen=True, slots=True, kw_only=True)
class IcscfRoutingInfo:
    """The I-CSCF that takes the call, and others that may."""

    name: str
    port: int | None = None
    alternatives: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Write the SEQUENCE; alternatives that would make the answer too long for one unitdata stay away."""
        body = ber.write(0x80, self.name.encode("ascii"))
        if self.port is not None:
            body += ber.write(0x81, ber.write_integer(self.port))
        others = b""
        for name in self.alternatives:
            more = others + ber.write(0x04, name.encode("ascii"))
            if len(body) + len(more) + 4 > MOST_BODY_OCTETS:
                break
            others = more
        return ber.write(0x30, body + (ber.write(0xA2, others) if others else b""))


def read_icscf(body: bytes) -> IcscfRoutingInfo:
    """Read the body of our extension; raise `DecodeError` where it is another."""
    tag, content = ber.only(body)
    if tag in {0x04, 0x16}:  # a bare name, as others may send it
        return IcscfRoutingInfo(name=_text(content))
    if tag != 0x30:
        raise DecodeError("not the I-CSCF extension", at=0)
    parts = {part.tag: content[part.start : part.stop] for part in ber.elements(content)}
    if 0x80 not in parts:
        raise DecodeError("I-CSCF name is missing", at=0)
    others = parts.get(0xA2, b"")
    return IcscfRoutingInfo(
        name=_text(parts[0x80]),
        port=ber.read_integer(parts[0x81], "port") if 0x81 in parts else None,
        alternatives=tuple(_text(others[each.start : each.stop]) for each in ber.elements(others)),
    )


def _text(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise DecodeError("a name that is not ASCII", at=0) from None


def find_icscf(extensions: Sequence[PrivateExtension], oid: str) -> IcscfRoutingInfo | None:
    """Find our extension among others; None where it is absent or cannot be read."""
    wanted = ber.write_oid(oid)
    for each in extensions:
        if each.oid == wanted:
            try:
                return read_icscf(each.body)
            except DecodeError:
                return None
    return None
