"""A number as people write it."""

import re
from typing import Final

from routing.normalise.checks import check_global, dialled, located, over_length, short_code
from routing.normalise.number import Code, Number, NumberError, Warned
from routing.normalise.profile import Profile, Stems

LONGEST: Final = 512  # characters; no number needs them

# What word processors and PDF make of spaces and hyphens.
_TYPOGRAPHY: Final = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u2009", " ") | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
)
_ENDS: Final = " \t\n\v\f\r"  # what is trimmed; other white space is no ASCII and stays to be refused
_SEPARATORS: Final = str.maketrans(dict.fromkeys(" /-.()"))
_CLEAN: Final = re.compile(r"\+?[0-9 /\-.()]*\Z")
_NON_ASCII: Final = re.compile(r"[^\x00-\x7e]")
_PAUSE: Final = re.compile(r"[,;]|[pwPW](?=[0-9])")
_LETTER: Final = re.compile(r"[A-Za-z]")
_STRANGER: Final = re.compile(r"[^0-9 /\-.()]")

NotNumber = tuple[re.Pattern[str], Code, str]
# In this order; the first that is found decides.
_REFUSALS: Final[tuple[NotNumber, ...]] = (
    (_NON_ASCII, Code.NON_ASCII, "not an ASCII character"),
    (_PAUSE, Code.POST_DIAL, "pauses and digits after dialling are no part of a number"),
    (_LETTER, Code.ALPHA, "a letter"),
    (re.compile(r"\A[*#]"), Code.SERVICE_CODE, "a service code, not a number"),
)


def read_text(value: str, profile: Profile, stems: Stems) -> Number:
    """Read a number as people write it; raise `NumberError`."""
    if len(value) > LONGEST:
        raise NumberError(Code.SYNTAX, f"more than {LONGEST} characters", position=LONGEST)
    tidy = value.translate(_TYPOGRAPHY)
    start = len(tidy) - len(tidy.lstrip(_ENDS))
    tidy = tidy.strip(_ENDS)
    if not tidy:
        raise NumberError(Code.EMPTY, "nothing there", position=0)
    try:
        return _read(tidy, profile, stems)
    except NumberError as error:
        if error.position is not None:
            error.position += start
        raise located(error, tidy, start)  # noqa: B904 - it is the same error


def _read(tidy: str, profile: Profile, stems: Stems) -> Number:
    warnings: tuple[Warned, ...] = ()
    if not _CLEAN.match(tidy):
        _refuse(tidy)
    if "(0)" in tidy and (match := _trunk_in_parentheses(profile).match(tidy)):
        tidy = "+" + match["cc"] + tidy[match.end() :]
        warnings = (Warned.TRUNK_0_IN_PARENS,)
    digits = tidy.translate(_SEPARATORS)
    if digits[:1] == "+":
        digits, rule = digits[1:], "RFC3966-5.1.1"
    elif digits:
        found = dialled(digits, profile)
        if found is None:
            return short_code(digits, profile)
        digits, rule = found
    else:
        rule = ""
    code, complete, stem, after = check_global(digits, profile, stems)
    return Number(digits, code, complete, stem, after, rule, over_length(digits, warnings), suffix=profile.enum_suffix)


def _refuse(tidy: str) -> None:
    for pattern, code, why in _REFUSALS:
        if match := pattern.search(tidy):
            raise NumberError(code, why, position=match.start())
    stranger = _STRANGER.search(tidy, 1 if tidy[0] == "+" else 0)
    raise NumberError(Code.SYNTAX, "not a separator of numbers", position=stranger.start() if stranger else None)


def _trunk_in_parentheses(profile: Profile) -> re.Pattern[str]:
    """Match "+CC (0)": the country code with a trunk zero that is dialled inside the country only."""
    return re.compile(rf"(?:\+|{profile.intl or 'none'}) *(?P<cc>[0-9]{{1,3}}) *\(0\)")
