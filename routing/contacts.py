"""Registered contacts, and the plan to call them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import NamedTuple


class Fork(StrEnum):
    """How contacts are called."""

    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"
    GROUPS = "groups"  # contacts of one q together, groups one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A registered contact. `q` in thousandths (None: not given, counts as 1000); `expires_at` in seconds of `at`.

    `features` are feature parameters (RFC 3840): name in lower case -> value, "" for a parameter without a value.
    """

    uri: str
    q: int | None = None
    path: tuple[str, ...] = ()
    instance: str | None = None
    reg_id: int | None = None
    device: str | None = None
    expires_at: float | None = None
    barred: bool = False
    features: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """An implicit registration set."""

    id: str
    default: str | None = None
    members: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the S-CSCF of a user knows: the identities, the contacts, and how the user wants to be called.

    `ring_s` = seconds that one group rings; `max_targets` = branches at most.
    """

    identities: Identities
    contacts: tuple[Contact, ...] = ()
    mode: Fork = Fork.PARALLEL
    ring_s: int | None = None
    max_targets: int = 10
    first_expiry: float = field(init=False, repr=False, compare=False)
    made: list["ForkPlan"] = field(init=False, repr=False, compare=False)  # what follows from this value alone, kept

    def __post_init__(self) -> None:
        """Find out until when the whole list of contacts holds."""
        times = [contact.expires_at for contact in self.contacts if contact.expires_at is not None]
        object.__setattr__(self, "first_expiry", min(times, default=inf))
        object.__setattr__(self, "made", [])


class Branch(NamedTuple):
    """One INVITE; `q` in thousandths; `next_hop` is the host of the first Path entry, else of the contact."""

    id: str
    contact: str
    q: int
    path: tuple[str, ...]
    next_hop: str
    instance: str | None
    device: str | None


class Group(NamedTuple):
    """Branches that ring together; `start_s` seconds after the first, at the latest."""

    n: int
    start_s: int
    branches: tuple[Branch, ...]


class Dropped(NamedTuple):
    """A contact that is not called, and why."""

    contact: str
    why: str


class ForkPlan(NamedTuple):
    """The whole plan. `ring_s` limits a group in seconds (None: no limit); `decided_by` says who chose the mode.

    `max_targets` counts what is called; a branch that a 3xx moved elsewhere does not count beside its new target.
    """

    mode: Fork
    decided_by: str
    disposition: str | None
    ring_s: int | None
    max_targets: int
    groups: tuple[Group, ...]
    dropped: tuple[Dropped, ...]
    cancel: bool = True  # whether pending branches are cancelled (Request-Disposition: no-cancel)
    recurse: bool = False  # whether a 3xx brings new targets

    @property
    def branches(self) -> list[Branch]:
        """List all branches, in the order of the groups."""
        return [branch for group in self.groups for branch in group.branches]

    @property
    def invites_per_pcscf(self) -> dict[str, int]:
        """Count the INVITEs that each next hop gets."""
        counts: dict[str, int] = {}
        for branch in self.branches:
            counts[branch.next_hop] = counts.get(branch.next_hop, 0) + 1
        return counts
