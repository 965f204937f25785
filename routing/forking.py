"""Which contacts are called, in which order and for how long: what an S-CSCF carries out (RFC 3261 §16.5, §16.6)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from routing.contacts import Branch, Contact, Dropped, Fork, ForkPlan, Group, Registration
from routing.preferences import INDIFFERENT, Preferences, rejected, score

RING_S: Final = 30  # of a group, where the profile names none and groups follow one another
FULL_Q: Final = 1000  # a contact without q (RFC 3841 §7.2.4)

EXPIRED: Final = "expired"
DUPLICATE: Final = "duplicate"
BARRED: Final = "barred"
LIMIT: Final = "limit"
NO_FORK: Final = "no-fork"
REJECTED: Final = "caller-preference"

_DISPLAY_NAME: Final = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*', re.DOTALL)


def plan_fork(
    registration: Registration,
    at: float,
    wishes: Preferences = INDIFFERENT,
    mode: Fork | None = None,
    *,
    recurse: bool = False,
) -> ForkPlan:
    """Plan the calls to the contacts of one user at the time `at`; `mode` overrides the user's profile."""
    if wishes is INDIFFERENT and mode is None and not recurse and at < registration.first_expiry:
        if not registration.made:
            registration.made.append(_planned(registration, at, wishes, mode, recurse=recurse))
        return registration.made[0]
    return _planned(registration, at, wishes, mode, recurse=recurse)


def _planned(
    registration: Registration, at: float, wishes: Preferences, mode: Fork | None, *, recurse: bool
) -> ForkPlan:
    targets, dropped = _targets(registration, at, wishes)
    mode, decided_by = _mode(registration, wishes, mode)
    ring_s = registration.ring_s if mode is Fork.PARALLEL or registration.ring_s else RING_S
    return ForkPlan(
        mode,
        decided_by,
        wishes.disposition if wishes is not INDIFFERENT else None,
        ring_s,
        registration.max_targets,
        tuple(_groups(targets, mode, ring_s or RING_S)),
        tuple(dropped),
        wishes.cancel is not False,
        recurse if wishes.recurse is None else wishes.recurse,
    )


def _mode(registration: Registration, wishes: Preferences, mode: Fork | None) -> tuple[Fork, str]:
    if wishes.fork is False:
        return Fork.SEQUENTIAL, "request-disposition"
    if wishes.parallel is not None:
        return (Fork.PARALLEL if wishes.parallel else Fork.SEQUENTIAL), "request-disposition"
    if mode is not None:
        return mode, "query"
    return registration.mode, "q-values" if registration.mode is Fork.GROUPS else "service-profile"


def _targets(registration: Registration, at: float, wishes: Preferences) -> tuple[list[Contact], list[Dropped]]:
    """Keep the contacts that can be called, best first."""
    targets: list[Contact] = []
    dropped: list[Dropped] = []
    for contact in registration.contacts:
        if why := _why_not(contact, at, wishes):
            dropped.append(Dropped(contact.uri, why))
        else:
            targets.append(contact)
    if len(targets) > 1:
        targets.sort(key=lambda contact: (-_q(contact), -score(contact.features, wishes)))
        targets = _each_once(targets, dropped)
    most = 1 if wishes.fork is False else registration.max_targets
    why = NO_FORK if wishes.fork is False else LIMIT
    dropped += [Dropped(contact.uri, why) for contact in targets[most:]]
    return targets[:most], dropped


def _each_once(targets: list[Contact], dropped: list[Dropped]) -> list[Contact]:
    """Keep the first of those with one URI: it enters the target set once (RFC 3261 §16.5)."""
    found: dict[str, Contact] = {}
    dropped += [
        Dropped(contact.uri, DUPLICATE)
        for contact in targets
        if found.setdefault(target_of(contact.uri), contact) is not contact
    ]
    return list(found.values())


def _why_not(contact: Contact, at: float, wishes: Preferences) -> str | None:
    if contact.expires_at is not None and contact.expires_at <= at:
        return EXPIRED
    if contact.barred:
        return BARRED
    return REJECTED if wishes is not INDIFFERENT and rejected(contact.features, wishes) else None


def _q(contact: Contact) -> int:
    return FULL_Q if contact.q is None else contact.q


def _groups(targets: list[Contact], mode: Fork, ring_s: int) -> Iterable[Group]:
    together: list[list[Branch]] = []
    last_q = None
    for at, contact in enumerate(targets, 1):
        q = _q(contact)
        hop = host_of(contact.path[0] if contact.path else contact.uri)
        branch = Branch(f"b{at}", contact.uri, q, contact.path, hop, contact.instance, contact.device)
        if together and (mode is Fork.PARALLEL or (mode is Fork.GROUPS and q == last_q)):
            together[-1].append(branch)
        else:
            together.append([branch])
        last_q = q
    for n, branches in enumerate(together):
        yield Group(n + 1, n * ring_s, tuple(branches))


@lru_cache(maxsize=4096)
def host_of(uri: str) -> str:
    """Cut the host out of a SIP URI, in lower case; bare or in angle brackets, with a display name or without."""
    _, _, place = _parts(uri)
    host = place.partition(";")[0].partition("?")[0]
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


@lru_cache(maxsize=4096)
def target_of(uri: str) -> str:
    """Write a URI so that spellings of one target are equal: only the case of the user counts (RFC 3261 §19.1.4)."""
    scheme, user, place = _parts(uri)
    return f"{scheme.lower()}:{user}{place.lower()}"


def _parts(uri: str) -> tuple[str, str, str]:
    """Split a URI into scheme, user (with its "@") and what follows; the user may hold any sign but "@"."""
    text = uri.strip()
    if match := _DISPLAY_NAME.match(text):
        text = text[match.end() :]
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    scheme, _, rest = text.partition(":")
    user, at_sign, place = rest.partition("@")
    return (scheme, user + at_sign, place) if at_sign else (scheme, "", rest)
