"""DNS messages as octets (RFC 1035 §4, RFC 6891): one question in, one answer out.

NotAnswered(Exception)      the message gets no answer at all
BadQuestion(ValueError)     the message gets an error answer
"""

from struct import Struct
from typing import Final, NamedTuple

from schemas.numbers.dns import Opcode, RecordClass, RecordType, ResponseCode
from schemas.octets import Cursor, DecodeError

HEADER_OCTETS: Final = 12
PLAIN_UDP_OCTETS: Final = 512  # RFC 1035 §4.2.1
OUR_UDP_OCTETS: Final = 1232  # fits every path without fragments; what we say and send at most
TCP_OCTETS: Final = 65535  # RFC 1035 §4.2.2
LONGEST_NAME: Final = 255  # RFC 1035 §2.3.4
LONGEST_LABEL: Final = 63  # RFC 1035 §2.3.4
MOST_RECORDS: Final = 8  # beside the question; an ordinary query has one, OPT

_HEADER: Final = Struct(">HHHHHH")
_RECORD: Final = Struct(">HHIH")
_QR: Final = 0x8000
_AA: Final = 0x0400
_TC: Final = 0x0200
_RD: Final = 0x0100


class NotAnswered(Exception):
    """No answer: the message is itself an answer, or too short to be answered."""


class BadQuestion(ValueError):
    """The message gets an error answer: `octets`."""

    def __init__(self, octets: bytes) -> None:
        super().__init__("not a question that can be answered")
        self.octets = octets


class Question(NamedTuple):
    """One question. `octets` = name, type and class as they came; `payload` = octets that the asker takes by UDP."""

    id: int
    flags: int
    octets: bytes
    labels: tuple[bytes, ...]
    type: int
    record_class: int
    payload: int
    edns: bool

    @property
    def name_octets(self) -> int:
        """Count the octets of the name on the wire."""
        return len(self.octets) - 4


class Record(NamedTuple):
    """A resource record; `at` = octet of the question's name at which the owner's name begins."""

    at: int
    type: int
    ttl: int
    data: bytes


def read_question(message: bytes) -> Question:
    """Read a query; raise `NotAnswered` or `BadQuestion`.

    A query with several questions is FORMERR (RFC 9619 §4). So is one without a question: only a server with DNS
    cookies takes it (RFC 7873 §5.4), and this one has none. The answer to either is a header, so it is never longer
    than what was asked.
    """
    if len(message) < HEADER_OCTETS:
        raise NotAnswered
    ident, flags, questions, *counts = _HEADER.unpack_from(message)
    if flags & _QR:
        raise NotAnswered
    if (flags >> 11 & 0x0F) != Opcode.QUERY:
        raise BadQuestion(_bare(ident, flags, ResponseCode.NOTIMP))
    if questions != 1:
        raise BadQuestion(_bare(ident, flags, ResponseCode.FORMERR))
    try:
        return _read(Cursor(message, HEADER_OCTETS), ident, flags, sum(counts))
    except DecodeError:
        raise BadQuestion(_bare(ident, flags, ResponseCode.FORMERR)) from None


def _read(cursor: Cursor, ident: int, flags: int, records: int) -> Question:
    labels = _name(cursor)
    asked, record_class = cursor.number(2, "type"), cursor.number(2, "class")
    octets = cursor.data[HEADER_OCTETS : cursor.at]
    if not records and not cursor.left:
        return Question(ident, flags, octets, labels, asked, record_class, PLAIN_UDP_OCTETS, edns=False)
    if records > MOST_RECORDS:
        raise DecodeError("more records than a question needs", at=4)
    options = [found for found in [_option(cursor) for _ in range(records)] if found is not None]
    if len(options) > 1 or cursor.left:
        raise DecodeError("more than one OPT record, or octets behind the last record", at=cursor.at)
    if not options:
        return Question(ident, flags, octets, labels, asked, record_class, PLAIN_UDP_OCTETS, edns=False)
    payload, version = options[0]
    question = Question(ident, flags, octets, labels, asked, record_class, max(payload, PLAIN_UDP_OCTETS), edns=True)
    if version:
        raise BadQuestion(write_answer(question, ResponseCode.BADVERS))
    return question


def _name(cursor: Cursor) -> tuple[bytes, ...]:
    """Read a name without compression: nothing stands in front of a question that a pointer could point at."""
    data, at, end = cursor.data, cursor.at, len(cursor.data)  # one loop without calls: this is the way of each question
    start, labels = at, []
    while at < end and (length := data[at]):
        behind = at + 1 + length
        if length > LONGEST_LABEL or behind + 1 - start > LONGEST_NAME:
            raise DecodeError("a label or a name is too long, or compressed", at=at + 1)
        if behind > end:
            raise DecodeError("label is cut short", at=at + 1)
        labels.append(data[at + 1 : behind])
        at = behind
    if at >= end:
        raise DecodeError("length of a label is cut short", at=at)
    cursor.at = at + 1
    return tuple(labels)


def _option(cursor: Cursor) -> tuple[int, int] | None:
    """Read one record; answer payload size and version of an OPT record (RFC 6891 §6.1.2), None for any other."""
    labels = _name(cursor)
    kind, payload, extended, length = _RECORD.unpack(cursor.take(10, "record"))
    cursor.take(length, "data of a record")
    if kind != RecordType.OPT:
        return None
    if labels:
        raise DecodeError("an OPT record has the root as its name", at=cursor.at)
    return payload, extended >> 16 & 0xFF


def _bare(ident: int, flags: int, code: ResponseCode) -> bytes:
    """Write an answer without a question, for a message that could not be read."""
    return _HEADER.pack(ident, _QR | (flags & 0x7900) | code, 0, 0, 0, 0)


def write_answer(
    question: Question,
    code: ResponseCode,
    answers: tuple[Record, ...] = (),
    authority: tuple[Record, ...] = (),
    *,
    authoritative: bool = True,
    limit: int = PLAIN_UDP_OCTETS,
) -> bytes:
    """Write an answer of at most `limit` octets; one that is longer loses its records and says so (TC)."""
    option = _opt(code) if question.edns else b""
    flags = _QR | (_AA if authoritative else 0) | (question.flags & _RD) | (code & 0x0F)
    body = b"".join([_record(record) for record in answers + authority])
    if HEADER_OCTETS + len(question.octets) + len(body) + len(option) > limit:
        body, answers, authority, flags = b"", (), (), flags | _TC
    header = _HEADER.pack(question.id, flags, 1, len(answers), len(authority), 1 if option else 0)
    return header + question.octets + body + option


def _record(record: Record) -> bytes:
    pointer = 0xC000 | HEADER_OCTETS + record.at  # RFC 1035 §4.1.4
    return (
        pointer.to_bytes(2, "big")
        + _RECORD.pack(record.type, RecordClass.IN, record.ttl, len(record.data))
        + record.data
    )


def _opt(code: ResponseCode) -> bytes:
    return b"\0" + _RECORD.pack(RecordType.OPT, OUR_UDP_OCTETS, code >> 4 << 24, 0)


def code_of(answer: bytes) -> int:
    """Read the response code out of an answer of ours; its upper bits are in the OPT record, always the last one."""
    code = answer[3] & 0x0F
    return code | answer[-6] << 4 if answer[11] else code


def name_octets(name: str) -> bytes:
    """Write a domain name without compression; raise ValueError where it is none."""
    labels = [label.encode("ascii") for label in name.strip(".").split(".")] if name.strip(".") else []
    if any(not 1 <= len(label) <= LONGEST_LABEL for label in labels):
        raise ValueError(f"not a domain name: {name!r}")
    octets = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(octets) > LONGEST_NAME:
        raise ValueError(f"not a domain name: {name!r}")
    return octets


def split_stream(octets: bytes) -> tuple[list[bytes], bytes]:
    """Cut a TCP stream into messages (two octets of length in front of each); the rest waits for more."""
    messages, at = [], 0
    while len(octets) - at >= 2:
        end = at + 2 + int.from_bytes(octets[at : at + 2], "big")
        if end > len(octets):
            break
        messages.append(octets[at + 2 : end])
        at = end
    return messages, octets[at:]


def framed(message: bytes) -> bytes:
    """Put the length in front of a message, for TCP (RFC 1035 §4.2.2)."""
    return len(message).to_bytes(2, "big") + message
