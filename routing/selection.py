"""Choice among the entry nodes of an IMS: a whole ordered list, repeatable, with a reason for who is left out.

Nothing here draws lots: the same members, key, seed and turn give the same order on every machine and in every run.
Members with a lower `priority` value come first under every policy; the policy orders members of equal priority;
a member of weight 0 comes after those that have a weight. An administratively down member is never chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from math import gcd, log
from typing import Final, NamedTuple

SIP_PORT: Final = 5060  # RFC 3261 §19.1.2
ADMIN_DOWN: Final = "admin-down"

_HASH: Final = blake2b(digest_size=8)  # copied, which is cheaper than to make another
_STEP_52: Final = 2.0**-52
_MASK_64: Final = (1 << 64) - 1
_NOBODY: Final[Mapping[str, str]] = {}


class Policy(StrEnum):
    """How members of equal priority are ordered."""

    STATIC = "static"  # as listed
    RENDEZVOUS = "rendezvous"  # highest random weight by key: few keys move when a node goes
    PRIORITY_WEIGHT = "priority-weight"  # RFC 2782, drawn from the seed
    ROUND_ROBIN = "round-robin"  # the caller's turn says who begins


_RENDEZVOUS: Final = Policy.RENDEZVOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One node of a pool: where it listens, how much it should get, and whether the operator lets it work."""

    host: str
    port: int = SIP_PORT
    transport: str = "udp"
    priority: int = 0
    weight: int = 1
    up: bool = True
    name: str = field(init=False, repr=False, compare=False)  # as a URI names it; what the hash of the rendezvous sees
    octets: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse numbers that no SRV record could carry (RFC 2782: 16 bits each)."""
        for what, number in (("port", self.port), ("priority", self.priority), ("weight", self.weight)):
            if not 0 <= number <= 0xFFFF:
                raise ValueError(f"{what} of {self.host} is not within 0 to 65535: {number}")
        name = self.host.lower() if self.port == SIP_PORT else f"{self.host.lower()}:{self.port}"
        if self.transport.lower() != "udp":
            name += f";transport={self.transport.lower()}"
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "octets", b"|" + name.encode())


class Excluded(NamedTuple):
    """A member that could not be chosen, and why."""

    member: Member
    why: str


class Ranking(NamedTuple):
    """The order in which members are to be tried; `chosen` is the first of it, None where nobody is left."""

    chosen: Member | None
    order: tuple[Member, ...]
    excluded: tuple[Excluded, ...] = ()


def rank(
    members: Sequence[Member],
    policy: Policy,
    key: str,
    *,
    seed: int = 0,
    turn: int = 0,
    down: Mapping[str, str] = _NOBODY,
) -> Ranking:
    """Order `members` for `key` (E.164 digits, or whatever names the load).

    `down` maps further hosts (lower case) to the reason why they cannot be used: a probe that failed, a supposition.
    `seed` matters to priority-weight, `turn` to round-robin.
    """
    usable = [member for member in members if member.up]
    excluded: tuple[Excluded, ...] = ()
    if len(usable) != len(members) or down:
        usable = [member for member in usable if member.host.lower() not in down]
        excluded = tuple(
            Excluded(member, down.get(member.host.lower(), ADMIN_DOWN))
            for member in members
            if not member.up or member.host.lower() in down
        )
    if len(usable) > 1:
        usable = _rendezvous(usable, key) if policy is _RENDEZVOUS else _ORDERS[policy](usable, key, seed, turn)
    return Ranking(usable[0] if usable else None, tuple(usable), excluded)


def _static(members: list[Member], _key: str, _seed: int, _turn: int) -> list[Member]:
    return sorted(members, key=lambda member: (member.priority, not member.weight))


def _rendezvous(members: list[Member], key: str, _seed: int = 0, _turn: int = 0) -> list[Member]:
    """Order by w / ln(u), u from the hash of `key|node`, lowest (that is: highest -w / ln(u)) first.

    Shares follow the weights, and when a node goes only its own keys move.
    """
    begun = _HASH.copy()
    begun.update(key.encode())
    copy, scored = begun.copy, []
    for at, member in enumerate(members):
        hashed = copy()
        hashed.update(member.octets)
        # 52 of the 64 bits, so that the fraction never rounds to 1
        u = ((int.from_bytes(hashed.digest()) >> 12) + 0.5) * _STEP_52
        weight = member.weight
        # negative with a weight: sorts before the others
        scored.append((member.priority, weight / log(u) if weight else u, at, member))
    scored.sort()
    return [entry[3] for entry in scored]


def _priority_weight(members: list[Member], key: str, seed: int, turn: int) -> list[Member]:
    """Draw by weight within each priority (RFC 2782, "Weight").

    Departure: a record of weight 0 is never drawn before one that has a weight. By the letter of the RFC (random number
    from 0 inclusive) weights 0 and 1 would share the load evenly; and of all-zero records the first would always win,
    which is why records of equal rank are drawn here too.
    """
    state = int.from_bytes(blake2b(f"{seed}|{turn}|{key}".encode(), digest_size=8).digest(), "big")
    order: list[Member] = []
    for group in _groups(members):
        left = list(group)
        while left:
            state = _next(state)
            order.append(left.pop(_drawn(left, state)))
    return order


def _drawn(left: list[Member], state: int) -> int:
    total = sum(member.weight for member in left)
    point = _mixed(state) % (total or len(left))
    if not total:
        return point
    at = 0
    while point >= left[at].weight:
        point -= left[at].weight
        at += 1
    return at


def _round_robin(members: list[Member], _key: str, _seed: int, turn: int) -> list[Member]:
    """Let `turn` say who begins; a member of double weight begins in twice as many turns."""
    order: list[Member] = []
    for group in _groups(members):
        start = _starter(group, turn)
        order += group[start:] + group[:start]
    return order


def _starter(group: list[Member], turn: int) -> int:
    shares = [member.weight or 1 for member in group]
    step = gcd(*shares)
    point = turn % (sum(shares) // step) * step
    at = 0
    while point >= shares[at]:
        point -= shares[at]
        at += 1
    return at


def _groups(members: list[Member]) -> list[list[Member]]:
    """Split by priority, and within a priority those of weight 0 behind the others."""
    groups: dict[tuple[int, bool], list[Member]] = {}
    for member in members:
        groups.setdefault((member.priority, not member.weight), []).append(member)
    return [groups[rank_of] for rank_of in sorted(groups)]


def _next(state: int) -> int:
    return (state + 0x9E3779B97F4A7C15) & _MASK_64


def _mixed(state: int) -> int:
    """Scramble a counter into 64 even bits (the finaliser of splitmix64)."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK_64
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK_64
    return state ^ (state >> 31)


_ORDERS: Final[Mapping[Policy, Callable[[list[Member], str, int, int], list[Member]]]] = {
    Policy.STATIC: _static,
    Policy.RENDEZVOUS: _rendezvous,
    Policy.PRIORITY_WEIGHT: _priority_weight,
    Policy.ROUND_ROBIN: _round_robin,
}
