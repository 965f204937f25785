"""The answer of `route`: the whole way of a call, and why it is so. Parts that a query did not reach are None."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from routing.contacts import Fork, ForkPlan, Identities
from routing.normalise import DEFAULT_PROFILE, Kind, Number, NumberError, Profile
from routing.ports import Location
from routing.preferences import INDIFFERENT, Preferences
from routing.selection import Policy, Ranking
from routing.tables import Entry, Key, Operator

YEAR_10000_S: Final = 253_402_300_800
SUPPOSED_DOWN: Final = "supposed-down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppose:
    """Failures to be imagined for one query. `down` = hosts of entry nodes, I-CSCFs, S-CSCFs."""

    down: frozenset[str] = frozenset()
    scscf_unset: bool = False
    nobody_registered: bool = False
    hss_unreachable: bool = False
    reasons: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the form in which selection wants to hear of it."""
        object.__setattr__(self, "reasons", {host.lower(): SUPPOSED_DOWN for host in self.down})


NOTHING_SUPPOSED: Final = Suppose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A called number and everything that decides its way. `at` in seconds since 1970 (UTC); contacts expire by it.

    `trusted` = number portability that comes in the number is believed (RFC 4694 §5); `dipped` = signalling beside the
    number says that it was looked up before. `follow` = go on to the S-CSCF
    and the contacts; ENUM only needs the I-CSCF. `explain` = record the trace.
    """

    called: object
    kind: Kind = Kind.TEXT
    profile: Profile = DEFAULT_PROFILE
    at: float = 0.0
    seed: int = 0
    trusted: bool = True
    dipped: bool = False
    follow: bool = True
    explain: bool = True
    mode: Fork | None = None
    wishes: Preferences = INDIFFERENT
    suppose: Suppose = NOTHING_SUPPOSED

    def __post_init__(self) -> None:
        """Refuse a time that no calendar has."""
        if not 0 <= self.at < YEAR_10000_S:
            raise ValueError(f"not seconds since 1970 before the year 10000: {self.at}")

    @property
    def shown(self) -> str:
        """Write what was called as text; octets in hexadecimal."""
        return self.called.hex(" ") if isinstance(self.called, bytes) else f"{self.called}"


class Step(NamedTuple):
    """One line of the trace: step of the decision order, what was asked, what came out, and why.

    `lost` names candidates that were not taken, each with the reason.
    """

    step: int
    what: str
    given: str | None = None
    found: str | None = None
    rule: str | None = None
    why: str | None = None
    probes: int | None = None
    lost: tuple[tuple[str, str], ...] = ()


class Portability(NamedTuple):
    """What is known of porting. `dipped` = looked up here; `npdi` = done, here or before."""

    dipped: bool
    source: str | None
    ported: bool
    rn: str | None
    rn_context: str | None
    npdi: bool


class Match(NamedTuple):
    """The operator and what decided: `match` is how (full-number, prefix, ddi-stem, ...), `matched` is what.

    `also_matched` = shorter ranges that would have fitted; looked for where the trace is.
    """

    key: Key
    operator: Operator
    match: str
    matched: str
    also_matched: tuple[str, ...] = ()


class Icscf(NamedTuple):
    """The I-CSCFs in the order in which they are to be tried; `turn` = the counter of a round-robin pool."""

    ranking: Ranking
    policy: Policy | None
    key: str
    turn: int | None = None


class Outcome(NamedTuple):
    """How it ends. `sip` and `isup_cause` are None where a call goes on."""

    status: str
    sip: int | None = None
    isup_cause: int | None = None
    code: str | None = None
    why: str | None = None


class Plan(NamedTuple):
    """The way of a call."""

    query: Query
    generation: int
    sha256: str
    outcome: Outcome
    number: Number | None = None
    error: NumberError | None = None
    portability: Portability | None = None
    operator: Match | None = None
    entry: Entry | None = None
    tel_uri: str | None = None
    request_uri: str | None = None
    icscf: Icscf | None = None
    location: Location | None = None
    identities: Identities | None = None
    fork: ForkPlan | None = None
    trace: tuple[Step, ...] = ()
