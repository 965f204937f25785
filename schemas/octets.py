"""Bounded reads for every codec."""

from dataclasses import dataclass


class DecodeError(ValueError):
    """Octets are not what the named field allows."""

    def __init__(self, what: str, *, at: int) -> None:
        super().__init__(f"{what}, at octet {at}")
        self.what = what
        self.at = at


@dataclass(slots=True)
class Cursor:
    """A place in `data`; every read is bounded and names the field."""

    data: bytes
    at: int = 0

    @property
    def left(self) -> int:
        """Octets that are not read yet."""
        return len(self.data) - self.at

    def take(self, octets: int, what: str) -> bytes:
        """Read `octets` octets; `what` names the field in the error."""
        end = self.at + octets
        if octets < 0 or end > len(self.data):
            raise DecodeError(f"{what} is cut short", at=self.at)
        chunk, self.at = self.data[self.at : end], end
        return chunk

    def number(self, octets: int, what: str) -> int:
        """Read an unsigned number of `octets` octets, most significant first."""
        return int.from_bytes(self.take(octets, what), "big")
