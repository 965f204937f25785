"""The AVPs of a message or group, as they were read."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hss.diameter.dictionary import AVPS, AvpDefinition, Grammar
from hss.diameter.errors import TooManyAvps

Avp: TypeAlias = tuple[bytes, Any]  # octets without padding, value


@dataclass(slots=True)
class Avps:
    """The AVPs of a message or group that are in the dictionary."""

    first: dict[int, Avp] = field(default_factory=dict)  # by key
    others: list[tuple[int, Avp]] = field(default_factory=list)  # the further ones with a key that was there before
    count: int = 0  # of all that were read, the ignored ones included

    def __contains__(self, definition: AvpDefinition) -> bool:
        """Tell whether there is one."""
        return definition.key in self.first

    def value(self, definition: AvpDefinition) -> Any:  # noqa: ANN401 - the definition says which type
        """Give the value of the first one; None: there is none."""
        avp = self.first.get(definition.key)
        return None if avp is None else avp[1]

    def all(self, definition: AvpDefinition) -> list[Avp]:
        """Give all of a kind, in their order."""
        key = definition.key
        return [self.first[key], *(avp for other, avp in self.others if other == key)] if key in self.first else []

    def values(self, definition: AvpDefinition) -> list[Any]:
        """Give the values of all of a kind, in their order."""
        return [value for _, value in self.all(definition)]

    def octets(self, definition: AvpDefinition) -> bytes:
        """Give all of a kind as they came, padded, for an answer that returns them."""
        return b"".join(padded(raw) for raw, _ in self.all(definition))

    def add(self, key: int, avp: Avp, rules: Grammar) -> None:
        """Take one more; raise `TooManyAvps` where the grammar allows no second one."""
        if key not in self.first:
            self.first[key] = avp
        elif key in rules.single:
            raise TooManyAvps(f"a second {AVPS[key].name}", avp[0])
        else:
            self.others.append((key, avp))

    def copy(self) -> "Avps":
        """Make one that can be added to."""
        return Avps(self.first.copy(), self.others.copy(), self.count)


@dataclass(slots=True)
class Recent:
    """The AVPs between Session-Id and the last one, as the latest request had them.

    `refusal` is what followed Session-Id in the answer to such a request whose last AVP named somebody unknown, empty
    where there was none.
    """

    octets: bytes = b""
    avps: Avps = field(default_factory=Avps)
    refusal: bytes = b""
    epoch: int = 0  # of the refusal: what it rests on may change


def padded(octets: bytes) -> bytes:
    """Fill up with zeros to a multiple of four."""
    return octets + bytes(-len(octets) % 4)
