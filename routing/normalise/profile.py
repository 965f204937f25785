"""What the place knows where a number was dialled: own codes, prefixes, contexts, short codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from routing.normalise.number import Warned
from routing.normalise.parameters import canonical_context

ContextRule = Literal["national", "opaque"]

CARRIER_SELECTION: Final[Mapping[str, tuple[str, ...]]] = {"49": ("010",)}  # call by call, by country code
NO_STEMS: Final[Mapping[str, tuple[int, int]]] = {}


class Stems:
    """PBX stems with direct dialling in: how many digits must and may follow each; 0: the stem itself is a number.

    `heads` = the first `shortest` digits of all stems: most numbers are seen to have no stem by one look.
    """

    __slots__ = ("beginnings", "heads", "lengths", "ranges", "shortest")

    def __init__(self, ranges: Mapping[str, tuple[int, int]] = NO_STEMS) -> None:
        for stem, (least, most) in ranges.items():
            if not (stem.isascii() and stem.isdecimal() and 0 <= least <= most):
                raise ValueError(f"not a DDI stem: {stem!r} with {least} to {most} digits")
        self.ranges = dict(ranges)
        self.lengths = tuple(sorted({len(stem) for stem in ranges}, reverse=True))
        self.beginnings = frozenset(stem[:end] for stem in ranges for end in range(1, len(stem)))
        self.shortest = min(self.lengths, default=0)
        self.heads = frozenset(stem[: self.shortest] for stem in ranges)

    def __bool__(self) -> bool:
        """Tell whether there is any stem."""
        return bool(self.ranges)

    def of(self, digits: str) -> str | None:
        """Find the longest stem with which `digits` begin."""
        if digits[: self.shortest] not in self.heads:
            return None
        for length in self.lengths:
            if (stem := digits[:length]) in self.ranges:
                return stem
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The knowledge that turns a dialled number into a global one. Prefixes are digits; None or "" = there is none.

    `contexts` are kept in canonical form. Raises ValueError for a code or a context that is none.
    """

    name: str = "de-pstn"
    cc: str = "49"
    ndc: str | None = "721"
    trunk: str | None = "0"
    intl: str | None = "00"
    carrier_selection: tuple[str, ...] | None = None  # None: what CARRIER_SELECTION says of `cc`
    ddi: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rn_len: int = 4
    strict_e164: bool = False
    lenient_npdi: bool = False  # take `npdi=yes` of RFC 3398 §8.2.1.1, with a warning
    contexts: Mapping[str, ContextRule] = field(default_factory=dict)
    emergency: frozenset[str] = frozenset({"110", "112"})
    short_codes: frozenset[str] = frozenset({"115", "116117", "19222"})
    enum_suffix: str = "e164.arpa"
    refuse: frozenset[Warned] = frozenset()  # warnings that are errors here
    stems: Stems = field(init=False, repr=False, compare=False)
    trunk_guard: str = field(init=False, repr=False, compare=False)  # own code and trunk prefix: no number begins so
    carriers: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the codes and prepare what every number needs."""
        for what, prefix in (("cc", self.cc), ("ndc", self.ndc), ("trunk", self.trunk), ("intl", self.intl)):
            if (prefix or what == "cc") and not re.fullmatch("[0-9]+", prefix or ""):
                raise ValueError(f"{what} of profile {self.name!r} is not digits: {prefix!r}")
        carriers = CARRIER_SELECTION.get(self.cc, ()) if self.carrier_selection is None else self.carrier_selection
        object.__setattr__(self, "contexts", _canonical(self.contexts))
        object.__setattr__(self, "enum_suffix", self.enum_suffix.strip(".").lower())
        object.__setattr__(self, "stems", Stems({stem: (least, most) for stem, (least, most) in self.ddi.items()}))
        object.__setattr__(self, "trunk_guard", self.cc + self.trunk if self.trunk else "+")
        object.__setattr__(self, "carriers", carriers)

    def own_context(self) -> str:
        """Name the context of numbers that only mean something in the own country (RFC 3966 §5.1.5)."""
        return "+" + self.cc

    def never_global(self, digits: str) -> bool:
        """Tell whether `digits` are an emergency number or a short code."""
        return digits in self.emergency or digits in self.short_codes


def _canonical(contexts: Mapping[str, ContextRule]) -> Mapping[str, ContextRule]:
    found: dict[str, ContextRule] = {}
    for context, rule in contexts.items():
        name = canonical_context(context)
        if name is None:
            raise ValueError(f"not a phone-context: {context!r}")
        if found.setdefault(name, rule) != rule:
            raise ValueError(f"phone-context {name} has two rules")
    return found
