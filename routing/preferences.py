"""What the caller wishes: Request-Disposition, Accept-Contact and Reject-Contact (RFC 3841)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

# Directives of RFC 3841 §9.1 by pair: a request names at most one of each.
_DIRECTIVES: Final[Mapping[str, tuple[str, bool]]] = {
    "proxy": ("proxy", True),
    "redirect": ("proxy", False),
    "cancel": ("cancel", True),
    "no-cancel": ("cancel", False),
    "fork": ("fork", True),
    "no-fork": ("fork", False),
    "recurse": ("recurse", True),
    "no-recurse": ("recurse", False),
    "parallel": ("parallel", True),
    "sequential": ("parallel", False),
    "queue": ("queue", True),
    "no-queue": ("queue", False),
}


class Wish(NamedTuple):
    """One value of Accept-Contact or Reject-Contact: features (lower case -> value), and how binding they are.

    A value may be a list, "mobile,fixed", and "!" in front of an entry means any other (RFC 3840 §9).
    """

    features: Mapping[str, str]
    require: bool = False
    explicit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The caller's wishes; None where the caller says nothing."""

    proxy: bool | None = None
    cancel: bool | None = None
    fork: bool | None = None
    recurse: bool | None = None
    parallel: bool | None = None
    queue: bool | None = None
    accept: tuple[Wish, ...] = ()
    reject: tuple[Wish, ...] = ()

    @property
    def disposition(self) -> str | None:
        """Write the Request-Disposition header; None where there is nothing to say."""
        said = [word for word, (name, value) in _DIRECTIVES.items() if getattr(self, name) is value]
        return ", ".join(said) or None


INDIFFERENT: Final = Preferences()


def preferences(
    disposition: str | Iterable[str] = (), accept: tuple[Wish, ...] = (), reject: tuple[Wish, ...] = ()
) -> Preferences:
    """Read directives ("no-fork, sequential"); raise ValueError where one is not known or contradicts another."""
    words = disposition.split(",") if isinstance(disposition, str) else disposition
    said: dict[str, bool] = {}
    for word in words:
        if (entry := _DIRECTIVES.get(word.strip().lower())) is None:
            raise ValueError(f"not a directive of Request-Disposition: {word.strip()!r}")
        name, value = entry
        if said.setdefault(name, value) is not value:
            raise ValueError(f"Request-Disposition contradicts itself: {word.strip()!r}")
    return Preferences(
        proxy=said.get("proxy"),
        cancel=said.get("cancel"),
        fork=said.get("fork"),
        recurse=said.get("recurse"),
        parallel=said.get("parallel"),
        queue=said.get("queue"),
        accept=accept,
        reject=reject,
    )


def rejected(features: Mapping[str, str], wishes: Preferences) -> bool:
    """Tell whether the caller does not want a contact at all; one without features is immune (RFC 3841 §7.2)."""
    if not features:
        return False
    if any(_has_all(features, wish) for wish in wishes.reject):
        return True
    return any(wish.require and _mismatch(features, wish) for wish in wishes.accept)


def score(features: Mapping[str, str], wishes: Preferences) -> float:
    """Say how well a contact fits, 0 to 1: the mean over what the caller accepts (RFC 3841 §7.2.4)."""
    if not features or not wishes.accept:
        return 1.0
    return sum(_share(features, wish) for wish in wishes.accept) / len(wishes.accept)


def _has_all(features: Mapping[str, str], wish: Wish) -> bool:
    return all(name in features and _meets(features[name], value) for name, value in wish.features.items())


def _mismatch(features: Mapping[str, str], wish: Wish) -> bool:
    """Tell whether a feature has another value, or is missing where the wish is explicit."""
    return any(
        not _meets(features[name], value) if name in features else wish.explicit
        for name, value in wish.features.items()
    )


def _share(features: Mapping[str, str], wish: Wish) -> float:
    if not wish.features or _mismatch(features, wish):
        return 0.0
    return sum(name in features for name in wish.features) / len(wish.features)


def _meets(offered: str, wanted: str) -> bool:
    """Tell whether one value satisfies both lists; each is a choice (RFC 3841 §8). Numbers are compared as words."""
    if offered == wanted:
        return True
    return any(_agree(one, other) for one in _entries(offered) for other in _entries(wanted))


def _entries(value: str) -> list[str]:
    """Split a list of values; a string in angle brackets is one value, and the only one whose case counts."""
    if value.startswith("<"):
        return [value]
    return [word for entry in value.split(",") if (word := entry.strip().lower())] or ["true"]


def _agree(one: str, other: str) -> bool:
    if one[0] == "!" and other[0] == "!":
        return True
    if one[0] == "!" or other[0] == "!":
        return one.lstrip("!") != other.lstrip("!")
    return one == other
