"""SIP messages, as far as a stateless redirect server needs them (RFC 3261 §7, §8.2.6): read strictly, copied as is.

NotARequest(Exception)      nothing can or may be answered
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

LONGEST: Final = 65535  # octets of a datagram
MOST_HEADERS: Final = 128
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
_ONCE: Final = frozenset({"from", "to", "call-id", "cseq", "content-length", "max-forwards"})
_START: Final = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) ([^ \t]+) SIP/([0-9]+\.[0-9]+)\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_VIA: Final = re.compile(
    r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*[A-Za-z]+[ \t]+([^;, \t]+)[ \t]*((?:;[^,]*)?)", re.IGNORECASE
)
_SENT_BY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]+)(?::([0-9]{1,5}))?\Z")
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+(\S+)\Z")
_TAG: Final = re.compile(r";[ \t]*tag[ \t]*=", re.IGNORECASE)
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


class NotARequest(Exception):
    """Not a request, or one from which not even an error answer could be made."""


class Request(NamedTuple):
    """What is needed of a request. `fault` = why it deserves a 400; `vias` are header values, the first one on top."""

    method: str
    uri: str
    version: str
    vias: tuple[str, ...]
    sender: str
    to: str
    call_id: str
    cseq: str
    require: str | None
    fault: str | None


class Reply(NamedTuple):
    """A datagram and where it goes (RFC 3261 §18.2.2): None = as the top Via has no port of its own, the usual one."""

    octets: bytes
    host: str
    port: int


def read_request(datagram: bytes) -> Request:
    """Read a request; raise `NotARequest` where nothing can be answered."""
    if len(datagram) > LONGEST:
        raise NotARequest
    head, found, body = datagram.decode("latin-1").lstrip("\r\n").partition("\r\n\r\n")
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    start = _START.match(lines[0])
    if not found or start is None or len(lines) > MOST_HEADERS or _strange("".join(lines)):
        raise NotARequest
    headers = _headers(lines[1:])
    needed = [headers.get(name) for name in ("via", "from", "to", "call-id", "cseq")]
    if any(value is None for value in needed):
        raise NotARequest  # without them there is no transaction to answer in
    vias, (sender, *_), (to, *_), (call_id, *_), (cseq, *_) = [value or [""] for value in needed]
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
        _fault(start[1], headers, body),
    )


def _strange(text: str) -> bool:
    return not text.isprintable() and _CONTROL.search(text) is not None


def _headers(lines: list[str]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in lines:
        written, colon, value = line.partition(":")
        name = _name(written)
        if not colon or name is None:
            raise NotARequest
        headers.setdefault(name, []).append(value.strip(" \t"))
    return headers


@lru_cache(maxsize=1024)
def _name(written: str) -> str | None:
    """Find the long form of a header name in lower case; None where it is none."""
    name = written.rstrip(" \t").lower()
    return _COMPACT.get(name, name) if _NAME.match(name) else None


def _fault(method: str, headers: dict[str, list[str]], body: str) -> str | None:
    for name in _ONCE:
        if len(headers.get(name, ())) > 1:
            return "a header occurs twice"
    if not (headers["call-id"][0] and headers["from"][0] and headers["to"][0]):
        return "an empty header"
    cseq = _CSEQ.match(headers["cseq"][0])
    if cseq is None or cseq[2] != method or int(cseq[1]) >= 1 << 31:
        return "CSeq"
    length = headers.get("content-length", ["0"])[0]
    if not (length.isascii() and length.isdecimal() and len(length) <= 6 and int(length) <= len(body)):
        return "Content-Length"
    return None


def has_tag(value: str) -> bool:
    """Tell whether a From or To value has a tag: behind the brackets, or anywhere where there are none."""
    return _TAG.search(value.rpartition(">")[2]) is not None


def write_reply(request: Request, status: int, extra: tuple[str, ...], source: tuple[str, int]) -> Reply:
    """Write a response without a body to where the request came from; raise `NotARequest` where Via names no place.

    `extra` = further header lines; `source` = address and port that the datagram came from (RFC 3581 where asked for).
    """
    top = _VIA.match(request.vias[0])
    place = _SENT_BY.match(top[1]) if top else None
    if top is None or place is None:
        raise NotARequest
    parameters, port = top[2], int(place[2] or SIP_PORT)
    if _RPORT.search(parameters):
        parameters, port = _RPORT.sub(f";rport={source[1]}", parameters), source[1]
        parameters += f";received={source[0]}"
    elif place[1] != source[0]:
        parameters += f";received={source[0]}"
    if not 0 < port <= 65535:
        raise NotARequest
    via = request.vias[0][: top.start(2)] + parameters + request.vias[0][top.end(2) :]
    to = request.to if has_tag(request.to) else f"{request.to};tag={_tag(request)}"
    lines = [f"SIP/2.0 {status} {REASONS[status]}", f"Via: {via}"]
    lines += [f"Via: {value}" for value in request.vias[1:]]
    lines += [f"From: {request.sender}", f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.cseq}", *extra]
    lines.append("Content-Length: 0\r\n\r\n")
    return Reply("\r\n".join(lines).encode("latin-1", "replace"), source[0], port)


def _tag(request: Request) -> str:
    """Make the same tag for the same request every time (RFC 3261 §8.2.7)."""
    basis = f"{request.vias[0]}\n{request.sender}\n{request.call_id}\n{request.cseq}".encode("latin-1")
    return blake2b(basis, digest_size=8).hexdigest()
