"""SIP messages, as far as a stateless redirect server needs them (RFC 3261 §7, §8.2.6): read strictly, copied as is.

NotARequest(Exception)      nothing can or may be answered
"""

import re
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

LONGEST: Final = 65535  # octets of a datagram
MOST_HEADERS: Final = 128
LONGEST_WARNING: Final = 200  # characters; a caller must not choose how long an answer is
SIP_PORT: Final = 5060  # RFC 3261 §19.1.2

# RFC 3261 §7.3.3 and §20
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "e": "content-encoding",
    "k": "supported",
    "s": "subject",
}
_NEEDED: Final = {"from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
_ONCE: Final = {**_NEEDED, "content-length": "Content-Length", "max-forwards": "Max-Forwards"}
_START: Final = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) (.+) SIP/([0-9]+\.[0-9]+)\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_VIA: Final = re.compile(
    r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*[A-Za-z]+[ \t]+([^;, \t]+)[ \t]*((?:;[^,]*)?)", re.IGNORECASE
)
_SENT_BY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]+)(?::([0-9]{1,5}))?\Z")
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+(\S+)\Z")
_TAG: Final = re.compile(r";[ \t]*tag[ \t]*=", re.IGNORECASE)
_QUOTED: Final = re.compile(r'["\\]')
_ESCAPED: Final = r"\\\g<0>"
_NOTHING: Final = (None,)
_RPORT: Final = re.compile(r";[ \t]*rport[ \t]*(?=;|\Z)", re.IGNORECASE)

REASONS: Final = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete",
    503: "Service Unavailable",
    505: "Version Not Supported",
}


class Silence(StrEnum):
    """Why a datagram gets no answer."""

    ACK = "ack"  # it ends an INVITE transaction, and gets no response
    RESPONSE = "response"
    UNREADABLE = "unreadable"  # not a request, or one that does not say where an answer goes


class Unanswered(NamedTuple):
    """A datagram that gets no answer; `why` is for a person."""

    silence: Silence
    why: str


class NotARequest(Exception):
    """Not a request, or one from which not even an error answer could be made."""

    def __init__(self, why: str, silence: Silence = Silence.UNREADABLE) -> None:
        super().__init__(why)
        self.unanswered = Unanswered(silence, why)


class Request(NamedTuple):
    """What is needed of a request. `fault` = why it deserves a 400; `vias` are header values, the first one on top.

    From, To, Call-ID and CSeq are None where they are missing, which is a fault.
    """

    method: str
    uri: str
    version: str
    vias: tuple[str, ...]
    sender: str | None
    to: str | None
    call_id: str | None
    cseq: str | None
    require: str | None
    fault: str | None


class Reply(NamedTuple):
    """A datagram and where it goes (RFC 3261 §18.2.2)."""

    octets: bytes
    host: str
    port: int
    status: int


def read_request(datagram: bytes) -> Request:
    """Read a request; raise `NotARequest` where nothing can be answered."""
    if len(datagram) > LONGEST:
        raise NotARequest("more octets than a datagram has")
    head, end, body = datagram.decode("latin-1").lstrip("\r\n").partition("\r\n\r\n")
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    start = _START.match(lines[0])
    if start is None:
        silence = Silence.RESPONSE if lines[0].startswith("SIP/") else Silence.UNREADABLE
        raise NotARequest("no request line", silence)
    if len(lines) > MOST_HEADERS:
        raise NotARequest("too many header fields")
    if _strange("".join(lines)):
        raise NotARequest("a control character in a header field")
    headers, wrong = _headers(lines[1:])
    if (vias := headers.get("via")) is None:
        raise NotARequest("no Via")
    sender, to, call_id, cseq = [headers.get(name, _NOTHING)[0] for name in _NEEDED]
    fault = wrong if end else "No Empty Line behind the Header Fields"
    return Request(
        start[1],
        start[2],
        start[3],
        tuple(vias),
        sender,
        to,
        call_id,
        cseq,
        ", ".join(headers["require"]) if "require" in headers else None,
        fault or _fault(start, headers, body, len(lines) - 1),
    )


def _strange(text: str) -> bool:
    return not text.isprintable() and _CONTROL.search(text) is not None


def _headers(lines: list[str]) -> tuple[dict[str, list[str]], str | None]:
    """Read header fields, and say what is wrong with the first line that is none."""
    headers: dict[str, list[str]] = {}
    wrong = None
    for line in lines:
        written, colon, value = line.partition(":")
        name = _name(written)
        if not colon or name is None:
            wrong = wrong or f"Line {lines.index(line) + 2} Is Not a Header Field"
        else:
            headers.setdefault(name, []).append(value.strip(" \t"))
    return headers, wrong


@lru_cache(maxsize=1024)
def _name(written: str) -> str | None:
    """Find the long form of a header name in lower case; None where it is none."""
    name = written.rstrip(" \t").lower()
    return _COMPACT.get(name, name) if _NAME.match(name) else None


def _fault(start: re.Match[str], headers: dict[str, list[str]], body: str, lines: int) -> str | None:
    """Say what is wrong with a request, in the words of a reason phrase (RFC 3261 §21.4.1)."""
    if missing := [written for name, written in _NEEDED.items() if name not in headers]:
        return f"Missing {', '.join(missing)}"
    if lines > len(headers):
        for name, written in _ONCE.items():
            if len(headers.get(name, ())) > 1:
                return f"More Than One {written}"
    for name, written in _NEEDED.items():
        if not headers[name][0]:
            return f"Empty {written}"
    if " " in start[2] or "\t" in start[2]:
        return "Space in the Request-URI"
    return _wrong_cseq(start[1], headers["cseq"][0]) or _wrong_length(headers.get("content-length"), body)


def _wrong_cseq(method: str, value: str) -> str | None:
    cseq = _CSEQ.match(value)
    if cseq is None:
        return "Malformed CSeq"
    if cseq[2] != method:
        return "CSeq of Another Method"
    return "CSeq Too Large" if int(cseq[1]) >= 1 << 31 else None  # RFC 3261 §8.1.1.5


def _wrong_length(values: list[str] | None, body: str) -> str | None:
    if values is None:
        return None
    if not (values[0].isascii() and values[0].isdecimal()):
        return "Malformed Content-Length"
    return "Content-Length Exceeds the Message" if len(values[0]) > 6 or int(values[0]) > len(body) else None


def has_tag(value: str) -> bool:
    """Tell whether a From or To value has a tag: behind the brackets, or anywhere where there are none."""
    return _TAG.search(value.rpartition(">")[2]) is not None


def write_reply(
    request: Request, status: int, extra: tuple[str, ...], source: tuple[str, int], reason: str | None = None
) -> Reply:
    """Write a response without a body to where the request came from; raise `NotARequest` where Via names no place.

    `extra` = further header lines; `source` = address and port that the datagram came from (RFC 3581 where asked for).
    What the request does not have is not copied.
    """
    top = _VIA.match(request.vias[0])
    place = _SENT_BY.match(top[1]) if top else None
    if top is None or place is None:
        raise NotARequest("a Via that cannot be read")
    parameters, port = top[2], int(place[2] or SIP_PORT)
    if _RPORT.search(parameters):
        parameters, port = _RPORT.sub(f";rport={source[1]}", parameters), source[1]
        parameters += f";received={source[0]}"
    elif place[1] != source[0]:
        parameters += f";received={source[0]}"
    if not 0 < port <= 65535:
        raise NotARequest("a Via with a port that is none")
    via = request.vias[0][: top.start(2)] + parameters + request.vias[0][top.end(2) :]
    to = request.to
    if to and not has_tag(to):
        to = f"{to};tag={_tag(request)}"
    lines = [f"SIP/2.0 {status} {reason or REASONS[status]}", f"Via: {via}"]
    lines += [f"Via: {value}" for value in request.vias[1:]]
    copied = (("From", request.sender), ("To", to), ("Call-ID", request.call_id), ("CSeq", request.cseq))
    lines += [f"{name}: {value}" for name, value in copied if value]
    lines += extra
    lines.append("Content-Length: 0\r\n\r\n")
    return Reply("\r\n".join(lines).encode("latin-1", "replace"), source[0], port, status)


def _tag(request: Request) -> str:
    """Make the same tag for the same request every time (RFC 3261 §8.2.7)."""
    basis = f"{request.vias[0]}\n{request.sender}\n{request.call_id}\n{request.cseq}".encode("latin-1")
    return blake2b(basis, digest_size=8).hexdigest()


@lru_cache(maxsize=1024)
def warning(host: str, text: str) -> str:
    """Write a Warning header for a person (399, RFC 3261 §20.43): printable ASCII alone, and not too much of it."""
    shown = "".join(letter if " " <= letter <= "~" else "?" for letter in text[:LONGEST_WARNING])
    return f'Warning: 399 {host} "{_QUOTED.sub(_ESCAPED, shown)}"'
