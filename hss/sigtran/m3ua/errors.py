"""What a peer of M3UA can do wrong.

M3uaFault            the peer sent what RFC 4666 forbids; it is answered by ERR
    Undeliverable    DATA for a point code or user that is not here; it is answered by DUNA or DUPU
"""

from schemas.numbers.m3ua import ErrorCode


class M3uaFault(ValueError):
    """A message that is answered by ERR with `code` (RFC 4666)."""

    def __init__(self, code: ErrorCode, why: str, *, parameters: tuple[tuple[int, bytes], ...] = ()) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.parameters = parameters


class Undeliverable(M3uaFault):
    """DATA for a point code or user that is not here; the peer is told by `answer`, and not by ERR."""

    def __init__(self, why: str, answer: bytes) -> None:
        super().__init__(ErrorCode.DESTINATION_UNKNOWN, why)
        self.answer = answer
