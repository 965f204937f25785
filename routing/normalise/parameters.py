"""Parameters of a tel URI (RFC 3966 §3, RFC 4694 §4)."""

import re
from typing import Final, NamedTuple

from routing.normalise.number import Code, NumberError, Warned

SEPARATORS: Final = str.maketrans(dict.fromkeys("-.()"))

_NAME: Final = re.compile(r"[A-Za-z0-9-]+\Z")
_HEX: Final = re.compile(r"\+[0-9][0-9A-F]*\Z|[0-9A-F]+\Z")
_GLOBAL_CONTEXT: Final = re.compile(r"\+[0-9]+\Z")
_GLOBAL_HEX_CONTEXT: Final = re.compile(r"\+[0-9][0-9A-Fa-f]*\Z")
_DIGITS: Final = re.compile(r"[0-9]+\Z")
_PCT: Final = r"%[0-9A-Fa-f]{2}"
_PVALUE: Final = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_PCT})+\Z")
_URIC: Final = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()/?:@&=+$,]|{_PCT})+\Z")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_TOP_LABEL: Final = r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)*{_TOP_LABEL}\.?\Z")


class Given(NamedTuple):
    """Parameters in canonical form, by lower-case name; None where a parameter has no value."""

    values: dict[str, str | None]
    warnings: tuple[Warned, ...]


def read_parameters(parts: list[str], at: int, *, lenient_npdi: bool) -> Given:
    """Read what stands behind the semicolons; `at` is the position of the first part in the input."""
    values: dict[str, str | None] = {}
    warnings: tuple[Warned, ...] = ()
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.lower()
        if not _NAME.match(name):
            raise NumberError(Code.SYNTAX, f"not the name of a parameter: {name!r}", position=at)
        if name in values:
            raise NumberError(Code.DUP_PARAM, f"{name} occurs twice", position=at)
        if name == "npdi" and equals and lenient_npdi and value.lower() == "yes":
            value, equals, warnings = "", "", (*warnings, Warned.NPDI_WITH_VALUE)
        canonical = _canonical(name, value if equals else None)
        if canonical is _BAD:
            raise NumberError(Code.SYNTAX, f"not a value of {name}", position=at)
        values[name] = canonical
        at += len(part) + 1
    _together(values)
    return Given(values, warnings)


_BAD: Final = "\0bad"


def _canonical(name: str, value: str | None) -> str | None:
    if name.startswith("m-"):
        raise NumberError(Code.UNKNOWN_MANDATORY, f"mandatory and not known: {name}")
    if name == "npdi":
        return None if value is None else _BAD
    if name in _VALUES:
        return _BAD if value is None else _VALUES[name](value)
    return value if value is None or _PVALUE.match(value) else _BAD


def _isub(value: str) -> str:
    return value if _URIC.match(value) else _BAD


def _ext(value: str) -> str:
    digits = value.translate(SEPARATORS)
    return digits if _DIGITS.match(digits) else _BAD


def _routing_code(value: str) -> str:
    code = value.translate(SEPARATORS).upper()
    return code if _HEX.match(code) else _BAD


def canonical_context(value: str) -> str | None:
    """Write a phone-context as it stands in a canonical number; None where it is none (RFC 3966 §3)."""
    context = _context(value)
    return None if context is _BAD else context


def _context(value: str) -> str:
    if value[:1] == "+":
        digits = value.translate(SEPARATORS)
        return digits if _GLOBAL_CONTEXT.match(digits) else _BAD
    return value.lower() if _DOMAIN.match(value) else _BAD


def _code_context(value: str) -> str:
    if value[:1] == "+":
        digits = value.translate(SEPARATORS)
        return digits.upper() if _GLOBAL_HEX_CONTEXT.match(digits) else _BAD
    return value.lower() if _DOMAIN.match(value) else _BAD


_VALUES: Final = {
    "isub": _isub,
    "ext": _ext,
    "phone-context": _context,
    "rn": _routing_code,
    "cic": _routing_code,
    "rn-context": _code_context,
    "cic-context": _code_context,
}


def _together(values: dict[str, str | None]) -> None:
    """Refuse what may not stand together, or not alone."""
    if "ext" in values and "isub" in values:
        raise NumberError(Code.EXT_AND_ISUB, "ext and isub in one number")
    for name, code in (("rn", Code.RN_CONTEXT), ("cic", Code.CIC_CONTEXT)):
        value = values.get(name)
        if value is not None and value[0] != "+" and f"{name}-context" not in values:
            raise NumberError(code, f"a local {name} needs {name}-context")
