"""Octets of messages and AVPs (RFC 6733 3, 4), checked by the tables of the dictionary.

A message is read as a fold: what is known after some AVPs depends on the octets of these AVPs alone. So what a peer
always sends at the same place is read once and remembered (`Recent`).
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hss.diameter.avps import Avps, Recent, padded
from hss.diameter.dictionary import AVPS, SMALLEST, VENDOR_SHIFT, AvpDefinition, Grammar, base, grammar
from hss.diameter.errors import (
    AvpUnsupported,
    InvalidAvpBits,
    InvalidAvpLength,
    InvalidAvpValue,
    LocalError,
    MissingAvp,
    RemoteError,
    TooMuchWork,
)
from hss.diameter.values import SIZE, WRITE, UndefinedValue, reader_of
from schemas.numbers.diameter import HEADER_OCTETS, VERSION, AvpFlag, BaseAvp, Flag

MOST_AVPS: Final = 500  # of one message or group: a bound on work, as the next one
DEEPEST: Final = 8
BARE: Final = 8  # octets of an AVP header without a vendor
WITH_VENDOR: Final = 12

_HEADER: Final = struct.Struct(">IIIII")
_AVP: Final = struct.Struct(">II")
_WORD: Final = struct.Struct(">I")
_V: Final = int(AvpFlag.VENDOR) << 24  # plain numbers: operations of IntFlag are slow
_M: Final = int(AvpFlag.MANDATORY) << 24
_RESERVED: Final = int(AvpFlag.RESERVED) << 24
_LENGTH: Final = 0xFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first 20 octets of a message."""

    flags: int
    command: int
    application: int
    hop_by_hop: int
    end_to_end: int
    version: int = VERSION
    length: int = HEADER_OCTETS

    @classmethod
    def decode(cls, message: bytes) -> "Header":
        """Read the header of a message that has at least 20 octets."""
        first, second, application, hop_by_hop, end_to_end = _HEADER.unpack_from(message)
        return cls(
            version=first >> 24,
            length=first & _LENGTH,
            flags=second >> 24,
            command=second & _LENGTH,
            application=application,
            hop_by_hop=hop_by_hop,
            end_to_end=end_to_end,
        )

    def encode(self, avps: bytes) -> bytes:
        """Write a message with these AVPs."""
        length = HEADER_OCTETS + len(avps)
        if length > _LENGTH:
            raise LocalError(f"a message has at most {_LENGTH} octets, not {length}")
        words = self.version << 24 | length, self.flags << 24 | self.command
        return _HEADER.pack(*words, self.application, self.hop_by_hop, self.end_to_end) + avps

    @property
    def is_request(self) -> bool:
        """Tell a request from an answer."""
        return self.flags >= Flag.REQUEST  # the first bit


@dataclass(frozen=True, slots=True)
class _Row:
    """How to read one kind of AVP."""

    definition: AvpDefinition
    size: int | None  # octets of the payload, None: any
    read: Callable[[bytes], Any] | None  # None: a group

    @classmethod
    def of(cls, definition: AvpDefinition) -> "_Row":
        return cls(definition, SIZE.get(definition.type), reader_of(definition))


_ROWS: Final[Mapping[int, _Row]] = {key: _Row.of(definition) for key, definition in AVPS.items()}


class Reader:
    """Reads the AVPs of messages of one grammar.

    `strict`: reserved flags are an error. `forgiving`: AVPs that are not understood are ignored whatever their flags
    say, as in an answer, which cannot be refused.
    """

    def __init__(self, rules: Grammar, *, strict: bool = False, forgiving: bool = False) -> None:
        self._rules = rules
        self._refused_flags = _RESERVED if strict else 0
        self._must_know = 0 if forgiving else _M

    def read(self, message: bytes) -> Avps:
        """Read all AVPs of a message; raise a `RemoteError` for the first fault."""
        avps = Avps()
        self._walk(message, HEADER_OCTETS, len(message), avps, self._rules)
        _check_presence(avps, self._rules)
        return avps

    def read_again(self, message: bytes, session_end: int, recent: Recent) -> Avps:
        """Read all AVPs of a message as `read` does, but what stands between the first and the last one only once.

        `session_end`: where `end_of_session_id` has found the end of the first one.
        """
        if recent.octets and message.startswith(recent.octets, session_end):
            avps, at = recent.avps.copy(), session_end + len(recent.octets)
        else:
            avps, at = self._read_between(message, session_end, recent)
        stop = HEADER_OCTETS + int.from_bytes(message[25:28], "big")
        avps.first[SESSION_ID.key] = message[HEADER_OCTETS:stop], message[28:stop].decode()
        self._walk(message, at, len(message), avps, self._rules)
        _check_presence(avps, self._rules)
        return avps

    def _read_between(self, message: bytes, session_end: int, recent: Recent) -> tuple[Avps, int]:
        """Read and remember what stands between the first and the last AVP; tell where the last one starts."""
        at = _start_of_last(message, session_end)
        avps = Avps({SESSION_ID.key: (message[HEADER_OCTETS:session_end], "")}, count=1)
        self._walk(message, session_end, at, avps, self._rules)
        recent.octets, recent.avps, recent.refusal = message[session_end:at], avps.copy(), b""
        return avps, at

    def _walk(self, data: bytes, at: int, end: int, avps: Avps, rules: Grammar, *, depth: int = 0) -> None:
        """Read the AVPs from `at` to `end`."""
        while at < end:
            avps.count += 1
            if avps.count > MOST_AVPS:
                raise TooMuchWork(f"more than {MOST_AVPS} AVPs")
            key, word, start, stop = _frame(data, at, end)
            if word & self._refused_flags:
                raise InvalidAvpBits("a reserved flag of an AVP is set", data[at:stop])
            row = _ROWS.get(key)
            if row is None:
                if word & self._must_know:
                    raise AvpUnsupported(f"AVP {_numbers(key)} is unknown and has the M flag", data[at:stop])
            else:
                try:
                    value = self._value(row, data, at, start, stop, depth=depth)
                except UndefinedValue as error:
                    if word & self._must_know or key in rules.required_keys:
                        raise InvalidAvpValue(f"{row.definition.name}: {error}", data[at:stop]) from error
                except ValueError as error:
                    raise InvalidAvpValue(f"{row.definition.name}: {error}", data[at:stop]) from error
                else:
                    avps.add(key, (data[at:stop], value), rules)
            at = stop + 3 & ~3

    def _value(self, row: _Row, data: bytes, at: int, start: int, stop: int, *, depth: int) -> Any:  # noqa: ANN401
        if row.read is None:
            return self._group(row.definition, data, at, start, stop, depth=depth)
        if row.size is not None and row.size != stop - start:
            what = f"{row.definition.name} has {row.size} octets, not {stop - start}"
            raise InvalidAvpLength(what, _smallest(data, at, stop))
        return row.read(data[start:stop])

    def _group(self, group: AvpDefinition, data: bytes, at: int, start: int, stop: int, *, depth: int) -> Avps:
        """Read a group; what is at fault in it stands in Failed-AVP within the group (RFC 6733 7.5)."""
        if depth >= DEEPEST:
            raise TooMuchWork(f"groups nested deeper than {DEEPEST}")
        members, rules = Avps(), grammar(group.members)
        try:
            self._walk(data, start, stop, members, rules, depth=depth + 1)
            _check_presence(members, rules)
        except RemoteError as error:
            raise type(error)(f"in {group.name}: {error.why}", _around(data[at:start], error.failed)) from error
        return members


def _frame(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Read an AVP header: key, flags and length in one word, where its payload starts, where it stops."""
    if end - at >= BARE:
        key, word = _AVP.unpack_from(data, at)
        start, stop = at + BARE, at + (word & _LENGTH)
        if word & _V:
            start = at + WITH_VENDOR
            if start <= end:
                key |= _WORD.unpack_from(data, at + BARE)[0] << VENDOR_SHIFT
        if start <= stop <= end:
            return key, word, start, stop
    raise InvalidAvpLength("the length of an AVP is too small, or goes past the end", _smallest(data, at, end))


def _smallest(data: bytes, at: int, end: int) -> bytes:
    """Copy an AVP header, filled up with zeros, with the smallest legal payload and the length that fits it."""
    octets = data[at : min(end, at + WITH_VENDOR)].ljust(WITH_VENDOR, b"\0")
    key, word = _AVP.unpack_from(octets)
    header = BARE
    if word & _V:
        header = WITH_VENDOR
        key |= _WORD.unpack_from(octets, BARE)[0] << VENDOR_SHIFT
    payload = SMALLEST[AVPS[key].type] if key in AVPS else 0
    return _with_length(octets[:header], header + payload) + bytes(payload)


def _with_length(header: bytes, octets: int) -> bytes:
    return header[:5] + octets.to_bytes(3, "big") + header[8:]


def _around(header: bytes, members: bytes) -> bytes:
    """Put a group around its only member."""
    return _with_length(header, len(header) + len(members)) + padded(members)


def _check_presence(avps: Avps, rules: Grammar) -> None:
    if not avps.first.keys() >= rules.required_keys:
        missing = next(row for row in rules.required if row.key not in avps.first)
        raise MissingAvp(f"{missing.name} is missing", example(missing))


def _numbers(key: int) -> str:
    return f"{key & 0xFFFFFFFF} of vendor {key >> VENDOR_SHIFT}"


def _start_of_last(message: bytes, session_end: int) -> int:
    """Find the last AVP behind Session-Id; where a length is wrong, everything behind Session-Id counts as last."""
    last = at = session_end
    while at < len(message):
        last = at
        try:
            _, _, _, stop = _frame(message, at, len(message))
        except InvalidAvpLength:
            return session_end
        at = stop + 3 & ~3
    return last


def end_of_session_id(message: bytes) -> int:
    """Tell where Session-Id ends, padding included, where it comes first and is plain; else 0."""
    if message[20:25] != b"\x00\x00\x01\x07\x40":
        return 0
    stop = HEADER_OCTETS + int.from_bytes(message[25:28], "big")
    end = stop + 3 & ~3
    return end if stop >= 28 and end <= len(message) and message[28:stop].isascii() else 0


class PlainText:
    """Reads the last AVP of a message where it is ASCII text of one kind, with the M flag."""

    def __init__(self, definition: AvpDefinition) -> None:
        self._code_and_flags = _AVP.pack(definition.code, _V | _M)[:5]
        self._vendor = _WORD.pack(definition.vendor)

    def read(self, message: bytes, at: int) -> str:
        """Give the text of the AVP at `at`; nothing where it is another one, or has a fault."""
        if not message.startswith(self._code_and_flags, at) or message[at + BARE : at + WITH_VENDOR] != self._vendor:
            return ""
        stop = at + int.from_bytes(message[at + 5 : at + BARE], "big")
        text = message[at + WITH_VENDOR : stop]
        return text.decode() if stop + 3 & ~3 == len(message) and text.isascii() else ""


def scan(data: bytes, at: int = HEADER_OCTETS) -> Iterator[tuple[int, bytes]]:
    """Give key and octets of one AVP after the other for as long as the lengths make sense; nothing is checked."""
    while at < len(data):
        try:
            key, _, _, stop = _frame(data, at, len(data))
        except InvalidAvpLength:
            return
        yield key, data[at:stop]
        at = stop + 3 & ~3


def encoded(definition: AvpDefinition, value: Any, *, mandatory: bool | None = None) -> bytes:  # noqa: ANN401
    """Write one AVP, padded; the value of a group is the octets of its members.

    `mandatory`: the M flag where it differs from the table. Raises `LocalError` where the value is not of the type.
    """
    try:
        payload = WRITE[definition.type](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise LocalError(f"{definition.name} cannot be {value!r}") from error
    must = definition.mandatory if mandatory is None else mandatory
    word = _M if must else 0
    if not definition.vendor:
        return _AVP.pack(definition.code, word | BARE + len(payload)) + padded(payload)
    words = _AVP.pack(definition.code, word | _V | WITH_VENDOR + len(payload))
    return words + _WORD.pack(definition.vendor) + padded(payload)


def example(definition: AvpDefinition) -> bytes:
    """Write an AVP with the smallest legal payload of zeros, as Failed-AVP names a missing one (RFC 6733 7.5)."""
    word = (_M if definition.mandatory else 0) | (_V if definition.vendor else 0)
    octets = _AVP.pack(definition.code, word) + (_WORD.pack(definition.vendor) if definition.vendor else b"")
    return _smallest(octets, 0, len(octets))


SESSION_ID: Final = base(BaseAvp.SESSION_ID)
