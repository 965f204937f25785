"""tel, sip and sips URIs. A URI is never repaired."""

import re
from typing import Final, NamedTuple, TypedDict

from routing.normalise.checks import check_global, dialled, located, over_length
from routing.normalise.number import SERVICE_EMERGENCY, Code, Number, NumberError, Warned, in_order
from routing.normalise.parameters import SEPARATORS, read_parameters
from routing.normalise.profile import Profile, Stems

LONGEST: Final = 2048  # characters

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PLAIN_TEL: Final = re.compile(r"tel:\+([1-9][0-9]*)\Z")
_PLAIN_SIP: Final = re.compile(r"sips?:\+([1-9][0-9]*)@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?);user=phone\Z")
_SPACE: Final = re.compile(r"[\t-\r ]")
_NON_ASCII: Final = re.compile(r"[^\x00-\x7e]")
_NOT_TEL: Final = re.compile(r"\A//|[?@]")
_GLOBAL_STRANGER: Final = re.compile(r"[^0-9\-.()]")
_LOCAL_STRANGER: Final = re.compile(r"[^0-9A-Fa-f*#\-.()]")
_HOST: Final = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")


class _Place(NamedTuple):
    """What a number in a URI is read with, and the host it was found at."""

    profile: Profile
    stems: Stems
    host: str | None


class _Given(TypedDict, total=False):
    """The fields of a number that its parameters give."""

    parameters: tuple[tuple[str, str | None], ...]
    npdi: bool
    rn: str | None
    rn_context: str | None
    cic: str | None
    cic_context: str | None
    ext: str | None
    isub: str | None


def read_uri(value: str, profile: Profile, stems: Stems) -> Number:
    """Read a tel, sip or sips URI; raise `NumberError`."""
    try:
        return _read(value, profile, stems)
    except NumberError as error:
        start = value.find(":") + 1
        raise located(error, re.split("[;@]", value[start:], maxsplit=1)[0], start)  # noqa: B904 - it is the same error


def _read(value: str, profile: Profile, stems: Stems) -> Number:
    if len(value) > LONGEST:
        raise NumberError(Code.SYNTAX, f"more than {LONGEST} characters", position=LONGEST)
    if match := _PLAIN_TEL.match(value):
        return _global(match[1], {}, (), _Place(profile, stems, None))
    if match := _PLAIN_SIP.match(value):
        return _global(match[1], {}, (), _Place(profile, stems, match[2]))
    scheme = _SCHEME.match(value)
    if scheme is None or scheme[1].lower() not in {"tel", "sip", "sips"}:
        raise NumberError(Code.SCHEME, "not a tel, sip or sips URI", position=0)
    if scheme[1].lower() == "tel":
        return _read_tel(value, scheme.end(), profile, stems)
    return _read_sip(value, scheme.end(), profile, stems)


def _read_tel(value: str, start: int, profile: Profile, stems: Stems) -> Number:
    if match := _NOT_TEL.search(value[start:]):
        raise NumberError(Code.SYNTAX, "a tel URI has no authority, query or host", position=start + match.start())
    _refuse_signs(value)
    return _subscriber(value[start:], start, (), _Place(profile, stems, None))


def _refuse_signs(value: str) -> None:
    if match := _SPACE.search(value):
        raise NumberError(Code.SPACE, "white space in a URI", position=match.start())
    if match := _NON_ASCII.search(value):
        raise NumberError(Code.NON_ASCII, "not an ASCII character", position=match.start())


def _read_sip(value: str, start: int, profile: Profile, stems: Stems) -> Number:
    user, at_sign, rest = value[start:].partition("@")
    host, _, tail = rest.partition(";")
    parameters = [part.lower() for part in tail.partition("?")[0].split(";")]
    if not at_sign or "user=phone" not in parameters:
        raise NumberError(Code.NOT_PHONE, "no user part, or not user=phone", position=start)
    _refuse_signs(value)
    name = _HOST.match(host)
    if name is None:
        raise NumberError(Code.SYNTAX, "not a host", position=start + len(user) + 1)
    warnings: tuple[Warned, ...] = ()
    if user[:3].upper() == "%2B":
        user, start, warnings = "+" + user[3:], start + 2, (Warned.PCT_PLUS,)
    if any(part == "npdi" or part.startswith("rn=") for part in parameters):
        warnings = (*warnings, Warned.NP_PARAM_OUTSIDE_USER)
    return _subscriber(user, start, warnings, _Place(profile, stems, name[1].lower()))


def _subscriber(text: str, start: int, warnings: tuple[Warned, ...], place: _Place) -> Number:
    """Read a telephone-subscriber: number and parameters (RFC 3966 §3)."""
    written, *parts = text.split(";")
    number = _decoded(written, start)
    given = read_parameters(parts, start + len(written) + 1, lenient_npdi=place.profile.lenient_npdi)
    warnings += given.warnings
    if number[:1] != "+":
        return _local(number, start, given.values, warnings, place)
    if match := _GLOBAL_STRANGER.search(number, 1):
        raise NumberError(*_global_stranger(number), position=start + match.start())
    if given.values.pop("phone-context", None) is not None:
        warnings += (Warned.CONTEXT_ON_GLOBAL,)
    digits = number[1:].translate(SEPARATORS)
    return _global(digits, given.values, warnings, place)


def _decoded(written: str, start: int) -> str:
    """Decode the one escape that a number may hold."""
    upper = written.upper()
    if "%2B" in upper:
        raise NumberError(Code.PCT_PLUS, "the plus sign is escaped", position=start + upper.index("%2B"))
    number = written.replace("%23", "#")
    if "%" in number:
        raise NumberError(Code.SYNTAX, "an escape that no number needs", position=start + written.index("%"))
    return number


def _global_stranger(number: str) -> tuple[Code, str]:
    strangers = set(_GLOBAL_STRANGER.findall(number[1:]))
    if strangers <= set("ABCDEFabcdef*#"):
        return Code.HEX_IN_GLOBAL, "only decimal digits in a global number"
    if any(sign.isalpha() and sign not in "ABCDEFabcdef" for sign in strangers):
        return Code.ALPHA, "a letter"
    return Code.SYNTAX, "not a sign of a number"


def _global(
    digits: str,
    values: dict[str, str | None],
    warnings: tuple[Warned, ...],
    place: _Place,
) -> Number:
    code, complete, stem, after = check_global(digits, place.profile, place.stems)
    warnings = over_length(digits, warnings)
    return Number(
        digits,
        code,
        complete,
        stem,
        after,
        warnings=warnings,
        sip_host=place.host,
        suffix=place.profile.enum_suffix,
        **_given(values),
    )


def _local(
    number: str,
    start: int,
    values: dict[str, str | None],
    warnings: tuple[Warned, ...],
    place: _Place,
) -> Number:
    digits = number.translate(SEPARATORS).upper()
    if not digits:
        raise NumberError(Code.EMPTY, "no digit", position=start)
    if _LOCAL_STRANGER.search(number):
        raise _local_stranger(number, start)
    context = values.get("phone-context")
    if context is None:
        raise NumberError(Code.NO_CONTEXT, "a local number needs phone-context", position=start)
    rule = place.profile.contexts.get(context)
    if rule == "national" and digits.isdecimal():
        found = dialled(digits, place.profile)
        if found is not None:
            del values["phone-context"]
            return _global(found[0], values, (*warnings, Warned.LOCAL_RESOLVED), place)
    own = place.profile.never_global(digits) and context == place.profile.own_context()
    return Number(
        digits,
        None,
        own,
        rule="RFC3966-5.1.5",
        warnings=warnings,
        phone_context=context,
        service=SERVICE_EMERGENCY if digits in place.profile.emergency else None,
        route_status=None if own or rule is not None else 404,
        sip_host=place.host,
        suffix=place.profile.enum_suffix,
        **_given(values),
    )


def _given(values: dict[str, str | None]) -> _Given:
    """Say what parameters say of a number."""
    if not values:
        return {}
    return {
        "parameters": in_order(values),
        "npdi": "npdi" in values,
        "rn": values.get("rn"),
        "rn_context": values.get("rn-context"),
        "cic": values.get("cic"),
        "cic_context": values.get("cic-context"),
        "ext": values.get("ext"),
        "isub": values.get("isub"),
    }


def _local_stranger(number: str, start: int) -> NumberError:
    strangers = list(_LOCAL_STRANGER.finditer(number))
    for match in strangers:
        if match[0].isalpha():
            return NumberError(Code.ALPHA, "a letter", position=start + match.start())
    return NumberError(Code.SYNTAX, "not a sign of a number", position=start + strangers[0].start())
