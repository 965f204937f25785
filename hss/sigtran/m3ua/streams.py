"""Which SCTP stream a message takes."""

from typing import Final

from schemas.numbers.m3ua import HEADER_OCTETS, MessageClass, Tag

MANAGEMENT_STREAM: Final = 0  # RFC 4666: never for DATA


def stream_of(octets: bytes, streams: int = 16) -> int:
    """Choose the stream for one whole message where `streams` were agreed: DATA by its SLS, all else on stream 0.

    RFC 4666 keeps what has the same SLS in order, and management and traffic apart.
    """
    if streams < 2 or len(octets) < HEADER_OCTETS or octets[2] != MessageClass.TRANSFER:
        return MANAGEMENT_STREAM
    return 1 + _sls(octets) % (streams - 1)


def _sls(octets: bytes) -> int:
    at = HEADER_OCTETS
    while len(octets) - at >= 16:
        tag, length = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 2 : at + 4], "big")
        if tag == Tag.PROTOCOL_DATA:
            return octets[at + 15]
        at += max(length + 3 & ~3, 4)
    return 0
