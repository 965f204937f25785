"""Transaction portion: a value with its codec. Source: ITU-T Q.773."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hss.sigtran import ber
from schemas.numbers.tcap import PAbortCause, Tag
from schemas.octets import DecodeError

# The transaction ids that each message must have: originating, destination.
IDS_OF: Final[dict[int, tuple[bool, bool]]] = {
    Tag.UNIDIRECTIONAL: (False, False),
    Tag.BEGIN: (True, False),
    Tag.END: (False, True),
    Tag.CONTINUE: (True, True),
    Tag.ABORT: (False, True),
}


# Plain numbers for the hot path: a member of an enum costs a look-up each time.
_ORIGINATING_ID: Final = int(Tag.ORIGINATING_ID)
_DESTINATION_ID: Final = int(Tag.DESTINATION_ID)
_COMPONENTS: Final = int(Tag.COMPONENT_PORTION)
_PORTION: Final = int(Tag.DIALOGUE_PORTION)
_BEGIN: Final = int(Tag.BEGIN)
_END: Final = int(Tag.END)


class BadTransaction(DecodeError):
    """A message whose transaction portion is wrong; what could be read of it is kept for the answer."""

    def __init__(self, what: str, cause: PAbortCause, originating: bytes, destination: bytes) -> None:
        super().__init__(what, at=0)
        self.cause = cause
        self.originating = originating
        self.destination = destination


@dataclass(slots=True, kw_only=True)
class Message:
    """A TCAP message; ids are octets as received. Not frozen because one is made for each message.

    `portion` and `components` are octets: the whole dialogue portion, and the content of the component portion.
    """

    type: int
    originating: bytes = b""
    destination: bytes = b""
    cause: int | None = None  # P-Abort
    portion: bytes = b""
    components: bytes = b""

    def encode(self) -> bytes:
        """Write ids, cause, dialogue portion, component portion."""
        content = b""
        if self.originating:
            content = bytes((Tag.ORIGINATING_ID, len(self.originating))) + self.originating
        if self.destination:
            content += bytes((Tag.DESTINATION_ID, len(self.destination))) + self.destination
        if self.cause is not None:
            content += bytes((Tag.P_ABORT_CAUSE, 1, self.cause))
        content += self.portion
        if self.components:
            content += ber.write(Tag.COMPONENT_PORTION, self.components)
        return ber.write(self.type, content)

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """Read a message; raise `BadTransaction` with what could be read, so that it can be answered."""
        message = cls(type=0)
        try:
            message.type, start, stop, _ = ber.read(data, 0, len(data))
            message._fill(data, start, stop)
        except DecodeError as error:
            if not message.type:
                message._salvage(data)
            cause = PAbortCause.BADLY_FORMATTED
            raise BadTransaction(error.what, cause, message.originating, message.destination) from error
        message._check()
        return message

    def _salvage(self, data: bytes) -> None:
        """Read the ids of a message whose own length is wrong."""
        if len(data) > 2:
            self.type = data[0]
            with suppress(DecodeError):
                self._fill(data, 2 + (data[1] & 0x7F if data[1] & 0x80 else 0), len(data))

    def _fill(self, data: bytes, at: int, stop: int) -> None:
        while at < stop:
            tag, start, end, after = ber.read(data, at, stop)
            if tag == _ORIGINATING_ID:
                self.originating = data[start:end]
            elif tag == _DESTINATION_ID:
                self.destination = data[start:end]
            elif tag == _COMPONENTS:
                self.components = data[start:end]
            elif tag == _PORTION:
                self.portion = data[at:after]
            elif tag == Tag.P_ABORT_CAUSE:
                self.cause = ber.read_integer(data[start:end], "P-Abort cause")
            at = after

    def _check(self) -> None:
        wanted = IDS_OF.get(self.type)
        if wanted is None:
            what, cause = f"message type {self.type:#04x}", PAbortCause.UNRECOGNIZED_MESSAGE_TYPE
        elif wanted != (bool(self.originating), bool(self.destination)):
            what, cause = "transaction ids are not those of the message", PAbortCause.INCORRECT_TRANSACTION_PORTION
        elif len(self.originating) > 4 or len(self.destination) > 4:
            what, cause = "transaction id of more than 4 octets", PAbortCause.BADLY_FORMATTED
        else:
            return
        raise BadTransaction(what, cause, self.originating, self.destination)


def read_usual_begin(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Read a Begin at one stroke: originating id, whole dialogue portion (or none), content of the component portion.

    None: the message is another one, or has something else in it, or its lengths are written in an unusual way.
    """
    at = ber.last(data, 0, _BEGIN)
    if not at or len(data) < at + 2 or data[at] != _ORIGINATING_ID or not 1 <= data[at + 1] <= 4:
        return None
    portion = at + 2 + data[at + 1]
    components = portion
    if len(data) > portion + 1 and data[portion] == _PORTION and data[portion + 1] < 0x80:
        components += 2 + data[portion + 1]
    start = ber.last(data, components, _COMPONENTS)
    return (data[at + 2 : portion], data[portion:components], data[start:]) if start else None


def write_end(destination: bytes, portion: bytes, components: bytes) -> bytes:
    """Write an End, as `Message` does."""
    named = bytes((_DESTINATION_ID, len(destination)))
    return ber.write(_END, named + destination + portion + ber.write(_COMPONENTS, components))
