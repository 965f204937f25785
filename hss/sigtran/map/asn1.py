"""Sequences of MAP described as data, with the tolerance that TS 29.002 §17.1.1 asks of a receiver.

A receiver skips members that it does not know, takes known ones in any order, and the first of a repeated one. A sender
writes in the order of declaration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from hss.sigtran import ber
from hss.sigtran.map.numbers import Address, read_address, read_imsi, write_tbcd
from schemas.octets import DecodeError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """How the content of a member is read and written."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


class MissingMember(DecodeError):
    """A mandatory member is absent."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing", at=0)


def _read_null(content: bytes) -> bool:
    if content:
        raise DecodeError("NULL with a content", at=0)
    return True


def _read_boolean(content: bytes) -> bool:
    return bool(ber.read_integer(content, "BOOLEAN"))


INTEGER: Final = Kind(ber.read_integer, ber.write_integer)
OCTETS: Final = Kind(bytes, bytes)  # also a BIT STRING with its count of unused bits, and what stays unread
NULL: Final = Kind(_read_null, lambda _: b"")
BOOLEAN: Final = Kind(_read_boolean, lambda value: b"\xff" if value else b"\x00")
IMSI: Final = Kind(read_imsi, write_tbcd)
ADDRESS: Final = Kind(read_address, Address.encode)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a sequence: the field it fills, its tag, its kind."""

    name: str
    tag: int
    kind: Kind
    mandatory: bool = False


class Sequence(Generic[T]):
    """A SEQUENCE whose members become the fields of a value."""

    def __init__(self, make: Callable[..., T], *members: Member) -> None:
        self._make = make
        self._readers: Mapping[int, tuple[str, Callable[[bytes], Any]]] = {
            member.tag: (member.name, member.kind.read) for member in members
        }
        # A NULL that is absent is False; every other member that is absent is None.
        self._writers = tuple(
            (member.name, member.tag, member.kind.write, False if member.kind is NULL else None) for member in members
        )
        self._tag_of = {member.name: member.tag for member in members}
        self._mandatory = tuple(member.name for member in members if member.mandatory)

    def read(self, content: bytes) -> T:
        """Read the content of the sequence."""
        found: dict[str, Any] = {}
        at, stop = 0, len(content)
        readers, read = self._readers, ber.read
        while at < stop:
            tag, start, end, at = read(content, at, stop)
            if tag in readers:
                name, reader = readers[tag]
                if name not in found:
                    found[name] = reader(content[start:end])
        for name in self._mandatory:
            if name not in found:
                raise MissingMember(name)
        return self._make(**found)

    def cut_down(self, content: bytes, tags: frozenset[int]) -> bytes:
        """Keep the members with these tags, as they are written; the mandatory ones must be there."""
        kept, seen = b"", set()
        at, stop = 0, len(content)
        read = ber.read
        while at < stop:
            begin = at
            tag, _, _, at = read(content, begin, stop)
            seen.add(tag)
            if tag in tags:
                kept += content[begin:at]
        for name in self._mandatory:
            if self._tag_of[name] not in seen:
                raise MissingMember(name)
        return kept

    def write(self, value: T) -> bytes:
        """Write the content of the sequence."""
        content = b""
        for name, tag, write, absent in self._writers:
            field = getattr(value, name)
            if field is not absent:
                content += ber.write(tag, write(field))
        return content

    @property
    def kind(self) -> Kind:
        """This sequence as a member of another."""
        return Kind(self.read, self.write)


def members_of(content: bytes) -> dict[int, bytes]:
    """Find the contents of members by tag; the first of a repeated one counts."""
    found: dict[int, bytes] = {}
    for part in ber.elements(content):
        found.setdefault(part.tag, content[part.start : part.stop])
    return found


def content_of(parameter: bytes, tag: int) -> bytes:
    """Give the content of a whole parameter, which must have `tag`."""
    start = ber.last(parameter, 0, tag)
    if start:
        return parameter[start:]
    if not parameter:
        raise DecodeError("parameter is missing", at=0)
    found, content = ber.only(parameter)
    if found != tag:
        raise DecodeError(f"parameter has tag {found:#04x}", at=0)
    return content


def explicit(*choices: Member) -> Kind:
    """Make a CHOICE inside an explicit tag: read as (name, value)."""
    by_tag = {choice.tag: choice for choice in choices}
    by_name = {choice.name: choice for choice in choices}

    def read(content: bytes) -> tuple[str, Any]:
        element = ber.element(content, 0, len(content))
        choice = by_tag.get(element.tag)
        if choice is None:
            raise DecodeError(f"choice {element.tag:#04x}", at=0)
        return choice.name, choice.kind.read(content[element.start : element.stop])

    def write(value: tuple[str, Any]) -> bytes:
        choice = by_name[value[0]]
        return ber.write(choice.tag, choice.kind.write(value[1]))

    return Kind(read, write)
