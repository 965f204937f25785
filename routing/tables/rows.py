"""What the tables are built from: operators and pools as values, numbers as plain tuples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from routing.selection import Member, Policy

Key = int | str  # how the rows name an operator or a pool

NumberRow = tuple[str, Key]  # digits, operator
PortedRow = tuple[str, str | None, Key | None]  # digits, routing number, operator (None: by the routing number)
StemRow = tuple[str, Key, int, int]  # digits, operator, least and most digits that follow
ServiceRow = tuple[str, str, str | None, Key | None]  # digits, phone-context, service URN, operator


class PortingForm(StrEnum):
    """What of number portability the operator wants to see in a request (RFC 4694 §4)."""

    NONE = "none"
    NPDI = "npdi"  # only that the dip was done
    RN = "rn"  # and the routing number


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """I-CSCFs that share the load."""

    name: str
    members: tuple[Member, ...] = ()
    policy: Policy = Policy.RENDEZVOUS


class Entry(NamedTuple):
    """Where a call enters an operator, and how the I-CSCF is found there."""

    node: Member | None
    function: str  # GMSC or MGCF
    procedure: str  # send-routing-info or translate-locally
    hss_query: bool


ENTRY_OF: Final[Mapping[int, Entry]] = {
    1: Entry(None, "GMSC", "send-routing-info", True),
    2: Entry(None, "MGCF", "translate-locally", False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator: how calls from the telephone network enter it, and which I-CSCFs it has.

    Type 1 enters through a Gateway-MSC that asks the HSS; Type 2 through an MGCF that translates by itself.
    `home` = its subscribers are kept here: a call to them is followed to the contacts.
    """

    name: str
    type: Literal[1, 2]
    home: bool = True
    entries: tuple[Member, ...] = ()
    pool: Pool = field(default_factory=lambda: Pool(name="none"))
    porting: PortingForm = PortingForm.NONE
    only_entry: Entry | None = field(init=False, repr=False, compare=False)  # where there is no choice
    nature: str = field(init=False, repr=False, compare=False)  # for the trace

    def __post_init__(self) -> None:
        """Prepare what every call to this operator needs."""
        sole = self.entries[0] if len(self.entries) == 1 and self.entries[0].up else None
        entry = ENTRY_OF[self.type]._replace(node=sole) if sole else None
        object.__setattr__(self, "only_entry", entry)
        object.__setattr__(self, "nature", f"{self.name} is of type {self.type}")


# Where a routing number leads that is none of ours.
ELSEWHERE: Final = Operator(name="(another network)", type=2, home=False, porting=PortingForm.RN)


class Range(NamedTuple):
    """A prefix, or a stem with the least and most digits that follow it (both None for a prefix)."""

    digits: str
    operator: Key
    least: int | None = None
    most: int | None = None


class Ported(NamedTuple):
    """Where a ported number went: by a routing number, or straight to an operator."""

    routing_number: str | None
    operator: Key | None


class Service(NamedTuple):
    """What a short code stands for, and who serves it."""

    urn: str | None
    operator: Key | None


@dataclass(slots=True, kw_only=True)
class Rows:
    """Everything that one generation is made of. `numbers` and `ported` are read once, and may be long."""

    operators: Mapping[Key, Operator]
    numbers: Iterable[NumberRow] = ()
    ported: Iterable[PortedRow] = ()
    prefixes: Iterable[NumberRow] = ()
    stems: Iterable[StemRow] = ()
    routing_numbers: Iterable[tuple[str, Key]] = ()  # "+" digits, or the hex digits of a local routing number
    carriers: Iterable[tuple[str, Key]] = ()  # carrier identification codes
    services: Iterable[ServiceRow] = ()
    default: Key | None = None
