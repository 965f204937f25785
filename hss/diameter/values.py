"""Values of AVPs by their type, read from octets and written (RFC 6733 4.2, 4.3)."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hss.diameter.dictionary import AvpDefinition, Type

SIZE: Final[Mapping[Type, int]] = {Type.UNSIGNED32: 4, Type.UNSIGNED64: 8, Type.ENUMERATED: 4, Type.TIME: 4}  # octets
_IDENTITY: Final = re.compile(rb"[!-~]+")
_URI: Final = re.compile(rb"aaas?://[!-~]+", re.IGNORECASE)


class UndefinedValue(ValueError):
    """A number that its enumeration does not have; without the M flag the AVP is ignored (RFC 6733 4.1)."""


def reader_of(definition: AvpDefinition) -> Callable[[bytes], Any] | None:
    """Choose what reads a payload; it raises `ValueError` where that is not of the type. None: a group."""
    return _enumerated(definition.values) if definition.type is Type.ENUMERATED else _READ.get(definition.type)


def _text(payload: bytes) -> str:
    return payload.decode()


def _identity(payload: bytes) -> str:
    if not _IDENTITY.fullmatch(payload):
        raise ValueError("not a host or realm name")
    return payload.decode()


def _uri(payload: bytes) -> str:
    if not _URI.fullmatch(payload):
        raise ValueError("not an aaa or aaas URI")
    return payload.decode()


def _number(payload: bytes) -> int:
    return int.from_bytes(payload, "big")


def _address(payload: bytes) -> str:
    family, octets = int.from_bytes(payload[:2], "big"), payload[2:]
    if len(payload) < 2 or {1: 4, 2: 16}.get(family, len(octets)) != len(octets):
        raise ValueError("address family and length do not fit")
    return str(ipaddress.ip_address(octets)) if family in (1, 2) else octets.hex()


def _encoded_address(value: str) -> bytes:
    address = ipaddress.ip_address(value)
    return (1 if address.version == 4 else 2).to_bytes(2, "big") + address.packed


def _enumerated(values: frozenset[int]) -> Callable[[bytes], int]:
    def read(payload: bytes) -> int:
        value = int.from_bytes(payload, "big")
        if value not in values:
            raise UndefinedValue(f"{value} is not defined")
        return value

    return read


_READ: Final[Mapping[Type, Callable[[bytes], Any]]] = {
    Type.OCTETS: bytes,
    Type.TEXT: _text,
    Type.IDENTITY: _identity,
    Type.URI: _uri,
    Type.UNSIGNED32: _number,
    Type.UNSIGNED64: _number,
    Type.ADDRESS: _address,
    Type.TIME: _number,
    Type.ANYTHING: bytes,
}
# They raise `TypeError`, `ValueError` or `OverflowError` where the value is not of the type.
WRITE: Final[Mapping[Type, Callable[[Any], bytes]]] = {
    Type.OCTETS: bytes,
    Type.TEXT: str.encode,
    Type.IDENTITY: str.encode,
    Type.URI: str.encode,
    Type.UNSIGNED32: lambda value: int.to_bytes(value, 4, "big"),
    Type.UNSIGNED64: lambda value: int.to_bytes(value, 8, "big"),
    Type.ENUMERATED: lambda value: int.to_bytes(value, 4, "big"),
    Type.ADDRESS: _encoded_address,
    Type.TIME: lambda value: int.to_bytes(value, 4, "big"),
    Type.GROUP: bytes,
    Type.ANYTHING: bytes,
}
