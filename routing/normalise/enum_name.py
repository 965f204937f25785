"""A domain name below the ENUM suffix."""

import re
from typing import Final

from routing.normalise.checks import check_global, over_length
from routing.normalise.number import Code, Number, NumberError
from routing.normalise.profile import Profile, Stems

LONGEST: Final = 255  # octets of a domain name (RFC 1035 §2.3.4)

_LABELS: Final = re.compile(r"[0-9](?:\.[0-9])*\Z")


def read_enum(value: str, profile: Profile, stems: Stems) -> Number:
    """Read a domain name as a number (RFC 6116 §3.2); raise `NumberError`."""
    if len(value) > LONGEST:
        raise NumberError(Code.NOT_ENUM, f"more than {LONGEST} characters", position=LONGEST)
    name = value.removesuffix(".").lower()
    labels = name.removesuffix("." + profile.enum_suffix)
    if labels == name and name != profile.enum_suffix:
        raise NumberError(Code.NOT_ENUM, f"not below {profile.enum_suffix}")
    if labels != name and not _LABELS.match(labels):
        raise NumberError(Code.NOT_ENUM, "each label is one digit", position=_first_wrong(labels))
    digits = labels[::-2] if labels != name else ""
    try:
        code, complete, stem, after = check_global(digits, profile, stems)
    except NumberError as error:
        if error.from_end is not None:  # the last digit is the first label
            error.position = max(0, 2 * (error.from_end - 1))
        raise
    warnings = over_length(digits, ())
    return Number(digits, code, complete, stem, after, "RFC6116-3.2", warnings, suffix=profile.enum_suffix)


def _first_wrong(labels: str) -> int:
    wrong = next(label for label in labels.split(".") if not _LABELS.match(label) or len(label) != 1)
    return f".{labels}.".index(f".{wrong}.")
