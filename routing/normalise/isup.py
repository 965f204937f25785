"""Numbers of the telephone network: ISUP Called Party Number and SCCP global title."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from routing.normalise.checks import check_global, dialled, located, over_length, short_code, subscriber
from routing.normalise.number import Code, Number, NumberError, Warned, in_order
from routing.normalise.profile import Profile, Stems

E164_PLAN: Final = 1
LONGEST: Final = 64  # signals
LONGEST_OCTETS: Final = 255  # one octet of length in front of an ISUP parameter

SUBSCRIBER: Final = 1
UNKNOWN: Final = 2
NATIONAL: Final = 3
INTERNATIONAL: Final = 4
NETWORK_SPECIFIC: Final = 5
ROUTING_NUMBER_CONCATENATED: Final = 8

_SIGNALS: Final = re.compile(r"[0-9A-F]*\Z")
_HEX_SIGNAL: Final = re.compile(r"[A-F]")


class Signals(NamedTuple):
    """Nature of address, numbering plan and address signals; `digits` is hexadecimal and may end in F (ST)."""

    noa: int
    npi: int
    digits: str


class Octets(NamedTuple):
    """What the octets of an ISUP number parameter say; `inn` = routing to an internal number not allowed."""

    signals: Signals
    inn: bool
    filler: int


def read_isup(value: object, profile: Profile, stems: Stems) -> Number:
    """Read the fields of an ISUP Called Party Number; raise `NumberError`."""
    return _read(_fields(value, "noa", "npi"), (), profile, stems)


def read_global_title(value: object, profile: Profile, stems: Stems) -> Number:
    """Read an SCCP global title; its nature of address means the same; raise `NumberError`."""
    return _read(_fields(value, "nai", "np"), (), profile, stems)


def read_isup_octets(value: str | bytes, profile: Profile, stems: Stems) -> Number:
    """Read the octets of a Called Party Number (or their hexadecimal text); raise `NumberError`."""
    found = split_octets(hex_octets(value))
    warnings = (Warned.FILLER,) if found.filler else ()
    try:
        return _read(found.signals, warnings, profile, stems)
    except NumberError as error:
        if error.position is not None:  # of a signal: two in an octet, behind two octets of indicators
            error.position = 2 + error.position // 2
        raise


def hex_octets(value: str | bytes) -> bytes:
    """Take octets, or hexadecimal text with spaces between octets."""
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise NumberError(Code.SYNTAX, "not hexadecimal octets") from None
    if len(value) > LONGEST_OCTETS:
        raise NumberError(Code.SYNTAX, f"more than {LONGEST_OCTETS} octets", position=LONGEST_OCTETS)
    return value


def split_octets(octets: bytes) -> Octets:
    """Take the fields out of an ISUP number parameter: two octets of indicators, then low nibble first."""
    if len(octets) < 2:
        raise NumberError(Code.SYNTAX, "fewer than two octets", position=len(octets))
    odd = octets[0] & 0x80
    if odd and len(octets) == 2:
        raise NumberError(Code.PARITY, "an odd number of digits, and none is there", position=2)
    digits = "".join(f"{octet & 0x0F:X}{octet >> 4:X}" for octet in octets[2:])
    filler = octets[-1] >> 4 if odd else 0
    signals = Signals(octets[0] & 0x7F, octets[1] >> 4 & 0x07, digits[:-1] if odd else digits)
    return Octets(signals, bool(octets[1] & 0x80), filler)


def _fields(value: object, nature: str, plan: str) -> Signals:
    if isinstance(value, Signals):
        value = {nature: value.noa, plan: value.npi, "digits": value.digits}
    if not isinstance(value, Mapping):
        raise NumberError(Code.SYNTAX, f"{nature}, {plan} and digits are needed")
    noa, npi, digits = value.get(nature), value.get(plan), value.get("digits")
    if type(noa) is not int or type(npi) is not int or not isinstance(digits, str):
        raise NumberError(Code.SYNTAX, f"{nature} and {plan} are numbers, digits is text")
    return Signals(noa, npi, digits.upper())


def _read(signals: Signals, warnings: tuple[Warned, ...], profile: Profile, stems: Stems) -> Number:
    if signals.npi != E164_PLAN:
        raise NumberError(Code.NPI, f"numbering plan {signals.npi} is not E.164")
    digits = signals.digits
    if len(digits) > LONGEST or not _SIGNALS.match(digits):
        raise NumberError(Code.SYNTAX, f"not address signals, or more than {LONGEST}")
    try:
        return _by_nature(signals.noa, digits, warnings, profile, stems)
    except NumberError as error:
        raise located(error, digits.rstrip("F"), 0, str.isalnum)  # noqa: B904 - it is the same error


def _by_nature(noa: int, digits: str, warnings: tuple[Warned, ...], profile: Profile, stems: Stems) -> Number:
    stopped = digits[-1:] == "F"
    if stopped:
        digits = digits[:-1]
    if not digits:
        raise NumberError(Code.EMPTY, "no address signal", position=0)
    if "F" in digits:
        raise NumberError(Code.ST_INSIDE, "a stop signal inside the number", position=digits.index("F"))
    if noa == NETWORK_SPECIFIC:
        return _network_specific(digits, warnings, profile, stopped=stopped)
    if noa == ROUTING_NUMBER_CONCATENATED or (noa == NATIONAL and not digits[0].isdecimal()):
        return _with_routing_number(digits, warnings, profile, stems, stopped=stopped)
    if noa == UNKNOWN:
        warnings = (*warnings, Warned.NOA_UNKNOWN)
    number, rule = _spelt_out(noa, digits, profile)
    if number is None:
        return short_code(digits, profile)._replace(warnings=warnings, st=stopped)
    return _global(number, rule, warnings, profile, stems, stopped=stopped)


def _spelt_out(noa: int, digits: str, profile: Profile) -> tuple[str | None, str]:
    """Make the international number of `digits`; None where they are a short code."""
    if noa == INTERNATIONAL:
        return digits, "RFC3398-12.1"
    if noa == NATIONAL:
        return profile.cc + digits, "RFC3398-12.1"
    if noa == SUBSCRIBER:
        return subscriber(digits, profile), "RFC3398-12.1"
    if noa == UNKNOWN:
        return dialled(digits, profile) or (None, "RFC3966-5.1")
    raise NumberError(Code.NOA, f"nature of address {noa} cannot be routed")


def _global(
    digits: str, rule: str, warnings: tuple[Warned, ...], profile: Profile, stems: Stems, *, stopped: bool
) -> Number:
    if match := _HEX_SIGNAL.search(digits):
        raise NumberError(
            Code.HEX_IN_GLOBAL, "only decimal digits in a global number", from_end=len(digits) - match.start()
        )
    code, complete, stem, after = check_global(digits, profile, stems)
    return Number(
        digits,
        code,
        complete or stopped,
        stem,
        after,
        rule,
        over_length(digits, warnings),
        st=stopped,
        suffix=profile.enum_suffix,
    )


def _network_specific(digits: str, warnings: tuple[Warned, ...], profile: Profile, *, stopped: bool) -> Number:
    if profile.never_global(digits):
        return short_code(digits, profile)._replace(warnings=warnings, st=stopped)
    context = profile.own_context()
    return Number(
        digits,
        None,
        stopped,
        rule="RFC3398-12.1",
        warnings=warnings,
        parameters=(("phone-context", context),),
        phone_context=context,
        route_status=None if context in profile.contexts else 404,
        st=stopped,
    )


def _with_routing_number(
    digits: str, warnings: tuple[Warned, ...], profile: Profile, stems: Stems, *, stopped: bool
) -> Number:
    """Split a routing number from the directory number behind it (RFC 3398 §8.2.1.1 asks for it)."""
    routing_number, national = digits[: profile.rn_len], digits[profile.rn_len :]
    if not national:
        raise NumberError(Code.INCOMPLETE, "a routing number, and no directory number behind it", from_end=0)
    number = _global(profile.cc + national, "RFC3398-8.2.1.1", warnings, profile, stems, stopped=stopped)
    context = profile.own_context()
    return number._replace(
        npdi=True,
        rn=routing_number,
        rn_context=context,
        parameters=in_order({"npdi": None, "rn": routing_number, "rn-context": context}),
    )
