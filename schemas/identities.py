"""Identities of subscribers and services: values that cannot be wrong.

Text becomes a value by `parse`, or an error that names the rule. A public identity is kept in its canonical form
(TS 23.003 13.4), so two identities are the same where their text is the same.

    IdentityError        the text is not what it should be
        NotAnIdentity    the text is well formed, but no subscriber can have it (another scheme, too many digits)
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final, Self

from schemas.ere import Expression, ExpressionError

MOST_DIGITS: Final = 15  # ITU-T E.164 6.2, an international number; TS 23.003 2.2, an IMSI
LONGEST_URI: Final = 512  # a bound on work and storage, no rule of a specification
DELIMITER: Final = "!"  # TS 23.003 13.5: encloses the regular expression of a wildcard


class IdentityError(ValueError):
    """The text is not an identity; the message names the rule."""


class NotAnIdentity(IdentityError):
    """The text is well formed, but no subscriber or service can have it."""


_NAI: Final = re.compile(r"([^@\s]+)@([A-Za-z0-9_.-]+)")
_USER: Final = r"A-Za-z0-9\-_.!~*'()&=+$,;?/"  # RFC 3261 25.1: unreserved and user-unreserved
_CANONICAL: Final = re.compile(rf"tel:\+[0-9]{{1,15}}|sips?:[{_USER}]+@[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?")
_SIP: Final = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:]+)(?::[^@]*)?@)?(?P<host>[a-z0-9_.-]*[a-z0-9_-]|\[[0-9a-f:.]+\])\.?"
    r"(?::[0-9]*)?(?P<parameters>(?:;[^;?@]*)*)(?:\?[^@]*)?",
    re.IGNORECASE | re.ASCII,
)
_TEL: Final = re.compile(r"tel:(?P<number>[^;]*)(?P<parameters>(?:;[^;]*)*)", re.IGNORECASE)
_GLOBAL: Final = re.compile(r"\+[0-9]+")
_LOCAL: Final = re.compile(r"[0-9a-f*#]+")
_CONTEXT: Final = re.compile(r"\+[0-9]{1,15}|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?")
_OTHER_SCHEME: Final = re.compile(r"(?!(?:sips?|tel):)[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_SEPARATORS: Final = str.maketrans("", "", "-.()")  # RFC 3966 3: visual separators
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f<>\"\\]")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})|([^" + _USER + r"])")


@dataclass(frozen=True, slots=True)
class Imsi:
    """International mobile subscriber identity (TS 23.003 2.2)."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 6 to 15 digits; raise `IdentityError` where the text is not an IMSI."""
        if not (text.isascii() and text.isdecimal() and 6 <= len(text) <= MOST_DIGITS):
            raise IdentityError(f"an IMSI has 6 to {MOST_DIGITS} digits: {text!r}")
        return cls(text)

    def __str__(self) -> str:
        """Write the digits."""
        return self.digits


@dataclass(frozen=True, slots=True)
class Msisdn:
    """International number of a subscriber: country code first, no plus sign."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number that may have a plus sign and separators; raise `IdentityError` where it is none."""
        digits = text.strip().removeprefix("+").translate(_SEPARATORS).replace(" ", "").replace("/", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
            raise IdentityError(f"an international number has at most {MOST_DIGITS} digits and nothing else: {text!r}")
        return cls(digits)

    def __str__(self) -> str:
        """Write the digits."""
        return self.digits


@dataclass(frozen=True, slots=True)
class Impi:
    """Private identity: a network access identifier with its realm in lower case (TS 23.003 13.3)."""

    nai: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `user@realm`; raise `IdentityError` where the text has another form."""
        match = _NAI.fullmatch(text)
        if match is None or len(text) > LONGEST_URI:
            raise IdentityError(f"a private identity is user@realm: {text!r}")
        return cls(f"{match[1]}@{match[2].lower()}")

    def __str__(self) -> str:
        """Write the identity."""
        return self.nai


@dataclass(frozen=True, slots=True)
class Impu:
    """Public identity: a SIP, SIPS or tel URI in canonical form (TS 23.003 13.4)."""

    uri: str

    @classmethod
    def parse(cls, text: str, home: Container[str] | None = None) -> Self:
        """Read a URI in any form; raise `IdentityError` where it is none.

        `home`: our own domains. Only there `user=phone` makes a number of a SIP URI; None: every domain is our own.
        """
        if is_canonical(text):
            return cls(text)
        return cls(_canonical(text, home))

    @property
    def e164(self) -> str | None:
        """Digits of a global number, None of any other identity."""
        return self.uri[5:] if self.uri.startswith("tel:+") else None

    @property
    def domain(self) -> str | None:
        """Host of a SIP URI, None of a tel URI."""
        return None if self.uri.startswith("tel:") else self.uri[self.uri.find(":") + 1 :].rpartition("@")[2]

    def __str__(self) -> str:
        """Write the URI."""
        return self.uri


def is_canonical(text: str) -> bool:
    """Tell of text that `Impu.parse` certainly reads as it stands."""
    return len(text) <= LONGEST_URI and _CANONICAL.fullmatch(text) is not None


def _canonical(text: str, home: Container[str] | None) -> str:
    if len(text) > LONGEST_URI:
        raise NotAnIdentity(f"a public identity has at most {LONGEST_URI} characters, not {len(text)}")
    if forbidden := _FORBIDDEN.search(text):
        raise IdentityError(f"a URI has no {forbidden[0]!r}: {text!r}")
    if sip := _SIP.fullmatch(text):
        return _canonical_sip(sip, home)
    if tel := _TEL.fullmatch(text):
        return _canonical_tel(tel["number"], tel["parameters"], text)
    if _OTHER_SCHEME.fullmatch(text):
        raise NotAnIdentity(f"a public identity is a sip, sips or tel URI: {text!r}")
    raise IdentityError(f"not a URI: {text!r}")


def _canonical_sip(sip: re.Match[str], home: Container[str] | None) -> str:
    scheme, host = sip["scheme"].lower(), sip["host"].lower()
    if sip["user"] is None:
        return f"{scheme}:{host}"
    user = _ESCAPE.sub(_unescaped, sip["user"])
    is_number = "user=phone" in sip["parameters"].lower().split(";")
    if is_number and (home is None or host in home):
        number, _, parameters = user.partition(";")
        if _GLOBAL.fullmatch(number.translate(_SEPARATORS)) or "phone-context=" in parameters.lower():
            return _canonical_tel(number, ";" + parameters, sip[0])
    return f"{scheme}:{user}@{host}"


def _unescaped(match: re.Match[str]) -> str:
    """Write a character as itself where a user part may hold it, else as its octets in upper-case hexadecimal."""
    if match[2]:
        if match[2] == "%":
            raise IdentityError(f"% is followed by two hexadecimal digits: {match.string!r}")
        return "".join(f"%{octet:02X}" for octet in match[2].encode())
    character = chr(int(match[1], 16))
    return character if _ESCAPE.fullmatch(character) is None else match[0].upper()


def _canonical_tel(written: str, parameters: str, text: str) -> str:
    number = written.translate(_SEPARATORS).lower()
    if _GLOBAL.fullmatch(number):
        if len(number) > 1 + MOST_DIGITS:
            raise NotAnIdentity(f"an international number has at most {MOST_DIGITS} digits: {text!r}")
        return f"tel:{number}"
    context = _context_of(parameters)
    if not _LOCAL.fullmatch(number) or context is None:
        raise IdentityError(f"a tel URI is a number with a plus sign, or a local one with its phone-context: {text!r}")
    return f"tel:{number};phone-context={context}"


def _context_of(parameters: str) -> str | None:
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name == "phone-context":
            context = value.translate(_SEPARATORS) if value.startswith("+") else value.removesuffix(".")
            return context if _CONTEXT.fullmatch(context) else None
    return None


def is_wildcard(uri: str) -> bool:
    """Tell whether a stored identity has the delimiters of a wildcard (TS 23.003 13.5)."""
    return uri.count(DELIMITER) >= 2


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A stored identity that stands for many: what lies between its outermost `!` is a POSIX extended expression."""

    uri: str  # as stored, delimiters included
    prefix: str  # the fixed part before the expression, canonical
    suffix: str  # the fixed part behind it, canonical
    compiled: Expression

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a wildcarded identity; raise `IdentityError` where it has no delimiters or no such expression."""
        head, opened, rest = text.partition(DELIMITER)
        expression, closed, tail = rest.rpartition(DELIMITER)
        if not opened or not closed or len(text) > LONGEST_URI:
            raise IdentityError(f"a wildcard has an expression between two {DELIMITER!r}: {text!r}")
        prefix, suffix = _fixed_parts(head, tail, text)
        try:
            return cls(text, prefix, suffix, Expression.parse(expression))
        except ExpressionError as error:
            raise IdentityError(f"{error}: {text!r}") from error

    def matches(self, uri: str) -> bool:
        """Tell whether the canonical `uri` is one of those that this identity stands for."""
        end = len(uri) - len(self.suffix)
        if end < len(self.prefix) or not uri.startswith(self.prefix) or not uri.endswith(self.suffix):
            return False
        return self.compiled.matches(uri[len(self.prefix) : end])


def _fixed_parts(head: str, tail: str, text: str) -> tuple[str, str]:
    """Canonicalise what stands around the expression: put a digit in its place, and take it out again."""
    try:
        uri = Impu.parse(f"{head}0{tail}", home=()).uri
    except IdentityError as error:
        raise IdentityError(f"around its expression a wildcard is a URI: {text!r}") from error
    if uri.startswith("tel:"):
        prefix = head[:4].lower() + head[4:].translate(_SEPARATORS)
        return prefix, uri[len(prefix) + 1 :]
    if "@" not in tail:
        raise IdentityError(f"the expression of a wildcard stands before the @: {text!r}")
    suffix = _canonical_suffix(tail)
    return uri[: len(uri) - len(suffix) - 1], suffix


def _canonical_suffix(tail: str) -> str:
    """Canonicalise the rest of a SIP URI behind a digit of its user part."""
    return Impu.parse(f"sip:0{tail}", home=()).uri.removeprefix("sip:0")


def home_domain(imsi: Imsi, mnc_digits: int) -> str:
    """Derive the home network domain name (TS 23.003 13.2); `mnc_digits` is 2 or 3, as the operator has it."""
    mcc, mnc = imsi.digits[:3], imsi.digits[3 : 3 + mnc_digits]
    return f"ims.mnc{mnc:0>3}.mcc{mcc}.3gppnetwork.org"


def private_identity_of(imsi: Imsi, mnc_digits: int) -> Impi:
    """Derive the private identity of a subscriber without one of his own (TS 23.003 13.3)."""
    return Impi(f"{imsi.digits}@{home_domain(imsi, mnc_digits)}")


def temporary_identity_of(imsi: Imsi, mnc_digits: int) -> Impu:
    """Derive the temporary public identity, which is normally barred (TS 23.003 13.4B)."""
    return Impu(f"sip:{private_identity_of(imsi, mnc_digits).nai}")


def conference_factory_of(imsi: Imsi, mnc_digits: int) -> Impu:
    """Derive the conference factory identity of the home network (TS 23.003 13.10)."""
    return Impu(f"sip:mmtel@conf-factory.{home_domain(imsi, mnc_digits)}")


def visited_network(text: str) -> str:
    """Read a visited network identifier; clients are seen that send the quotes of the SIP header with it."""
    return text.strip().strip('"').lower()
