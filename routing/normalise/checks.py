"""Checks that every global number passes, whatever it was written in, and the analysis of what people dial."""

from collections.abc import Callable
from typing import Final

from routing.normalise.number import SERVICE_EMERGENCY, Code, Number, NumberError, Warned
from routing.normalise.profile import Profile, Stems

E164_DIGITS: Final = 15  # TS 23.003 §3.3
DUMMY_MSISDN: Final = "0" * 15  # TS 23.003 §3.3
_TENS: Final[dict[int, str]] = {
    2: "07",
    3: "0123469",
    4: "013456789",
    5: "12345678",
    6: "0123456",
    8: "1246",
    9: "0123458",
}
_TWO_DIGIT_CODES: Final = frozenset(f"{ten}{one}" for ten, ones in _TENS.items() for one in ones)


def _code_length(head: str) -> int:
    if head[0] in "17":
        return 1
    return 2 if head in _TWO_DIGIT_CODES else 3


_CODE_LENGTH: Final = {head: _code_length(head) for head in [f"{number:02}" for number in range(100)]} | {
    f"{number}": _code_length(f"{number}") for number in range(10)
}


def country_code(digits: str) -> str:
    """Cut the country code from a global number (the list of E.164 codes, by length)."""
    return digits[: _CODE_LENGTH[digits[:2]]]


def check_global(digits: str, profile: Profile, stems: Stems) -> tuple[str, bool, str | None, str | None]:
    """Check a global number; answer country code, completeness, stem and what follows the stem."""
    if not digits or digits[0] == "0":
        raise _no_country(digits)
    if len(digits) > E164_DIGITS and profile.strict_e164:
        raise NumberError(Code.TOO_LONG, "more than 15 digits", from_end=len(digits) - E164_DIGITS)
    code = digits[: _CODE_LENGTH[digits[:2]]]
    if digits.startswith(profile.trunk_guard):
        raise NumberError(
            Code.TRUNK_PREFIX, f"trunk prefix {profile.trunk} after own country code", from_end=len(digits) - len(code)
        )
    if digits in stems.beginnings:
        raise NumberError(Code.INCOMPLETE, "the beginning of a direct-dialling-in stem", from_end=0)
    stem = stems.of(digits) if digits[: stems.shortest] in stems.heads else None
    if stem is None:
        return code, False, None, None
    return code, True, stem, _ddi(digits, stem, *stems.ranges[stem])


def _no_country(digits: str) -> NumberError:
    if not digits:
        return NumberError(Code.EMPTY, "no digit")
    if digits == DUMMY_MSISDN:
        return NumberError(Code.DUMMY_MSISDN, "the dummy MSISDN is never routed", from_end=len(digits))
    return NumberError(Code.CC_ZERO, "no country code begins with 0", from_end=len(digits))


def _ddi(digits: str, stem: str, least: int, most: int) -> str:
    after = digits[len(stem) :]
    if len(after) < least:
        raise NumberError(Code.INCOMPLETE, f"stem {stem} needs {least} digits, {len(after)} are there", from_end=0)
    if len(after) > most:
        raise NumberError(Code.DDI_TOO_LONG, f"stem {stem} takes {most} digits at most", from_end=len(after) - most)
    return after


def over_length(digits: str, warnings: tuple[Warned, ...]) -> tuple[Warned, ...]:
    """Add the warning about more digits than E.164 has, where there are."""
    return (*warnings, Warned.OVER_E164_15) if len(digits) > E164_DIGITS else warnings


def dialled(digits: str, profile: Profile) -> tuple[str, str] | None:
    """Analyse a dial string of digits: the global number and the rule, or None for a short code (never global)."""
    if profile.never_global(digits):
        return None
    if profile.intl and digits.startswith(profile.intl):
        return digits[len(profile.intl) :], "RFC3966-7.4"
    if digits.startswith(profile.carriers):
        raise NumberError(Code.CARRIER_SELECT, "carrier selection is no part of a number", from_end=len(digits))
    if profile.trunk and digits.startswith(profile.trunk):
        return profile.cc + digits[len(profile.trunk) :], "RFC8224-8.3"
    return subscriber(digits, profile), "RFC3398-12.1"


def subscriber(digits: str, profile: Profile) -> str:
    """Complete a subscriber number from the own area."""
    if not profile.ndc:
        raise NumberError(Code.NO_AREA, "a subscriber number, and no area code is known", from_end=len(digits))
    return profile.cc + profile.ndc + digits


def short_code(digits: str, profile: Profile) -> Number:
    """Make the local number of an emergency number or short code."""
    context = profile.own_context()
    return Number(
        digits,
        None,
        complete=True,
        rule="RFC3966-5.1",
        parameters=(("phone-context", context),),
        phone_context=context,
        service=SERVICE_EMERGENCY if digits in profile.emergency else None,
    )


def refuse_warnings(number: Number, profile: Profile) -> Number:
    """Let a strict profile turn warnings into an error."""
    for warning in number.warnings:
        if warning in profile.refuse:
            raise NumberError(Code.WARNING, f"{warning} is not tolerated by profile {profile.name!r}")
    return number


def located(
    error: NumberError, source: str, start: int, is_signal: Callable[[str], bool] = str.isdecimal
) -> NumberError:
    """Turn a digit counted from the end into a position: `source` is the part of the input that begins at `start`."""
    if error.position is not None or error.from_end is None:
        return error
    signals = [at for at, sign in enumerate(source) if is_signal(sign)]
    if not error.from_end:
        error.position = start + len(source)
    else:
        error.position = start + (signals[-error.from_end] if error.from_end <= len(signals) else 0)
    return error
