"""Any form of a called number becomes one canonical number, or an error that names the rule.

The kind of an input is always named by the caller; it is never guessed from the content.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from routing.normalise.checks import check_global, country_code, refuse_warnings
from routing.normalise.enum_name import read_enum
from routing.normalise.isup import Signals, read_global_title, read_isup, read_isup_octets
from routing.normalise.number import Code, Number, NumberError, Warned, in_order, tel_uri
from routing.normalise.profile import Profile, Stems
from routing.normalise.text import read_text
from routing.normalise.uri import read_uri

__all__ = [
    "DEFAULT_PROFILE",
    "Code",
    "Kind",
    "Number",
    "NumberError",
    "Profile",
    "Signals",
    "Stems",
    "Warned",
    "country_code",
    "in_order",
    "normalise",
    "same",
    "tel_uri",
]


class Kind(StrEnum):
    """What an input is."""

    TEXT = "text"
    URI = "uri"
    ISUP = "isup"
    ISUP_OCTETS = "isup_octets"
    GT = "gt"
    ENUM = "enum"


DEFAULT_PROFILE: Final = Profile()

_USUAL_SUFFIX: Final = DEFAULT_PROFILE.enum_suffix
_PLAIN: Final[Mapping[str, re.Pattern[str]]] = {
    Kind.TEXT: re.compile(r"\+([1-9][0-9]{0,14})\Z"),
    Kind.URI: re.compile(r"tel:\+([1-9][0-9]{0,14})\Z"),
}
_READERS: Final[Mapping[Kind, Callable[[Any, Profile, Stems], Number]]] = {
    Kind.TEXT: read_text,
    Kind.URI: read_uri,
    Kind.ISUP: read_isup,
    Kind.ISUP_OCTETS: read_isup_octets,
    Kind.GT: read_global_title,
    Kind.ENUM: read_enum,
}
_TYPES: Final[Mapping[Kind, tuple[type, ...]]] = {
    Kind.TEXT: (str,),
    Kind.URI: (str,),
    Kind.ISUP: (object,),
    Kind.ISUP_OCTETS: (str, bytes),
    Kind.GT: (object,),
    Kind.ENUM: (str,),
}


def normalise(
    kind: Kind | str, value: object, profile: Profile = DEFAULT_PROFILE, stems: Stems | None = None
) -> Number:
    """Read `value` as what `kind` says; raise `NumberError`.

    `text`, `uri` and `enum` take text; `isup_octets` octets or hexadecimal text; `isup` and `gt` take `Signals`, or a
    mapping with `noa`, `npi`, `digits` (`nai`, `np`, `digits`). `stems` are those of the tables; without them those of
    the profile count.
    """
    if stems is None:
        stems = profile.stems
    plain = _PLAIN.get(kind)
    if plain is not None and isinstance(value, str) and (found := plain.match(value)):  # most are canonical already
        digits = found[1]
        try:
            code, complete, stem, after = check_global(digits, profile, stems)
        except NumberError:
            return _READERS[Kind(kind)](value, profile, stems)  # it fails again, and knows the position
        if profile.enum_suffix == _USUAL_SUFFIX:
            return Number(digits, code, complete, stem, after)
        return Number(digits, code, complete, stem, after, suffix=profile.enum_suffix)
    kind = Kind(kind)
    if not isinstance(value, _TYPES[kind]):
        raise NumberError(Code.SYNTAX, f"{kind} cannot be a {type(value).__name__}")
    number = _READERS[kind](value, profile, stems)
    return refuse_warnings(number, profile) if number.warnings else number


def same(one: str, other: str, profile: Profile = DEFAULT_PROFILE) -> bool:
    """Compare two tel URIs (RFC 3966 §4): order of parameters, separators and case do not matter."""
    first, second = normalise(Kind.URI, one, profile), normalise(Kind.URI, other, profile)
    return first.tel_uri.lower() == second.tel_uri.lower()
