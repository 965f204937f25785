"""What a called number is, or why it is none.

NumberError(ValueError)
    .code, .position, .rule, .sip_status, .isup_cause
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

SERVICE_EMERGENCY: Final = "urn:service:sos"  # RFC 5031 §4.2


class Warned(StrEnum):
    """What was tolerated. A warning never changes the status of the answer."""

    TRUNK_0_IN_PARENS = "W_TRUNK_0_IN_PARENS"
    OVER_E164_15 = "W_OVER_E164_15"
    LOCAL_RESOLVED = "W_LOCAL_RESOLVED"
    CONTEXT_ON_GLOBAL = "W_CONTEXT_ON_GLOBAL"
    NP_PARAM_OUTSIDE_USER = "W_NP_PARAM_OUTSIDE_USER"
    NPDI_WITH_VALUE = "W_NPDI_WITH_VALUE"
    PCT_PLUS = "W_PCT_PLUS"
    NOA_UNKNOWN = "W_NOA_UNKNOWN"
    FILLER = "W_FILLER"


class Code(StrEnum):
    """Why an input is not a number that can be routed."""

    EMPTY = "E_EMPTY"
    NON_ASCII = "E_NON_ASCII"
    SPACE = "E_SPACE"
    ALPHA = "E_ALPHA"
    POST_DIAL = "E_POST_DIAL"
    SERVICE_CODE = "E_SERVICE_CODE"
    SYNTAX = "E_SYNTAX"
    CC_ZERO = "E_CC_ZERO"
    TRUNK_PREFIX = "E_TRUNK_PREFIX"
    TOO_LONG = "E_TOO_LONG"
    DUMMY_MSISDN = "E_DUMMY_MSISDN"
    INCOMPLETE = "E_INCOMPLETE"
    DDI_TOO_LONG = "E_DDI_TOO_LONG"
    NO_AREA = "E_NO_AREA"
    CARRIER_SELECT = "E_CARRIER_SELECT"
    SCHEME = "E_SCHEME"
    NOT_PHONE = "E_NOT_PHONE"
    NO_CONTEXT = "E_NO_CONTEXT"
    HEX_IN_GLOBAL = "E_HEX_IN_GLOBAL"
    PCT_PLUS = "E_PCT_PLUS"
    DUP_PARAM = "E_DUP_PARAM"
    EXT_AND_ISUB = "E_EXT_AND_ISUB"
    UNKNOWN_MANDATORY = "E_UNKNOWN_MANDATORY"
    RN_CONTEXT = "E_RN_CONTEXT"
    CIC_CONTEXT = "E_CIC_CONTEXT"
    NPI = "E_NPI"
    NOA = "E_NOA"
    ST_INSIDE = "E_ST_INSIDE"
    PARITY = "E_PARITY"
    NOT_ENUM = "E_NOT_ENUM"
    WARNING = "E_WARNING"  # a warning that the profile does not tolerate


# The clause that decides; "design" where the texts are silent.
RULE_OF: Final[dict[Code, str]] = {
    Code.EMPTY: "RFC3966-3",
    Code.NON_ASCII: "RFC3966-3",
    Code.SPACE: "RFC3966-5.1.1",
    Code.ALPHA: "RFC3966-5.1.2",
    Code.POST_DIAL: "RFC3966-12",
    Code.SERVICE_CODE: "RFC3966-1",
    Code.SYNTAX: "RFC3966-3",
    Code.CC_ZERO: "design: no country code begins with 0",
    Code.TRUNK_PREFIX: "RFC3966-5.1.4",
    Code.TOO_LONG: "TS23.003-3.3",
    Code.DUMMY_MSISDN: "TS23.003-3.3",
    Code.INCOMPLETE: "RFC3578-2.1",
    Code.DDI_TOO_LONG: "design: provisioned maximum",
    Code.NO_AREA: "RFC3398-12.1",
    Code.CARRIER_SELECT: "RFC3966-12",
    Code.SCHEME: "RFC3261-16.3",
    Code.NOT_PHONE: "design: user=phone decides",
    Code.NO_CONTEXT: "RFC3966-5.1.5",
    Code.HEX_IN_GLOBAL: "RFC3966-5.1.3",
    Code.PCT_PLUS: "RFC3966-3",
    Code.DUP_PARAM: "RFC3966-3",
    Code.EXT_AND_ISUB: "RFC3966-5.3",
    Code.UNKNOWN_MANDATORY: "RFC3966-5.4",
    Code.RN_CONTEXT: "RFC4694-4",
    Code.CIC_CONTEXT: "RFC4694-4",
    Code.NPI: "RFC3398-12",
    Code.NOA: "RFC3398-12.1",
    Code.ST_INSIDE: "RFC3578-2.1",
    Code.PARITY: "design: an odd number has a digit",
    Code.NOT_ENUM: "RFC6116-3.2",
    Code.WARNING: "design: strict profile",
}

NOT_FOUND: Final = (404, 1)  # RFC 3398 §8.2.6.1: unallocated number
_STATUS_OF: Final[dict[Code, tuple[int, int]]] = {
    Code.INCOMPLETE: (484, 28),
    Code.SCHEME: (416, 127),
}


class NumberError(ValueError):
    """The input is no number that can be routed.

    `position` counts characters (octets for `isup_octets`) of the input from 0; None where no single place is at fault.
    """

    def __init__(self, code: Code, why: str, *, position: int | None = None, from_end: int | None = None) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
        self.position = position
        self.from_end = from_end  # the digit at fault, counted from the last one; a reader turns it into a position

    @property
    def rule(self) -> str:
        """The clause that was broken."""
        return RULE_OF[self.code]

    @property
    def sip_status(self) -> int:
        """What a redirect server answers (RFC 3398 §8.2.6.1)."""
        return _STATUS_OF.get(self.code, NOT_FOUND)[0]

    @property
    def isup_cause(self) -> int:
        """What a gateway answers (RFC 3398 §8.2.6.1)."""
        return _STATUS_OF.get(self.code, NOT_FOUND)[1]

    def __reduce__(self) -> tuple[object, ...]:
        """Be picklable, for batches in several processes."""
        return _again, (self.code, self.why, self.position)


def _again(code: Code, why: str, position: int | None) -> NumberError:
    return NumberError(code, why, position=position)


class Number(NamedTuple):
    """A called number in canonical form. A tuple, since routing makes one per call.

    `digits` have no plus and no separators; a local number may hold hex digits, `*` and `#`.
    `parameters` are those of the tel URI in canonical order, the context of a local number among them.
    """

    digits: str
    cc: str | None
    complete: bool  # False: nobody knows (a number that is known to be incomplete is an error)
    ddi_stem: str | None = None
    ddi_ext: str | None = None
    rule: str = "RFC3966-5.1.1"
    warnings: tuple[Warned, ...] = ()
    parameters: tuple[tuple[str, str | None], ...] = ()
    npdi: bool = False
    rn: str | None = None
    rn_context: str | None = None
    cic: str | None = None
    cic_context: str | None = None
    ext: str | None = None
    isub: str | None = None
    phone_context: str | None = None
    service: str | None = None
    route_status: int | None = None
    sip_host: str | None = None
    st: bool = False
    suffix: str = "e164.arpa"

    @property
    def kind(self) -> Literal["global", "local"]:
        """`global` where the number means the same everywhere."""
        return "local" if self.cc is None else "global"

    @property
    def e164(self) -> str | None:
        """Plus and digits; None for a local number."""
        return None if self.cc is None else "+" + self.digits

    @property
    def tel_uri(self) -> str:
        """The canonical tel URI (RFC 3966 §3)."""
        return tel_uri(self.digits, self.parameters, is_global=self.cc is not None)

    @property
    def enum(self) -> str | None:
        """The domain name of the number (RFC 6116 §3.2); None for a local number."""
        return None if self.cc is None else f"{'.'.join(reversed(self.digits))}.{self.suffix}"


def tel_uri(digits: str, parameters: tuple[tuple[str, str | None], ...] = (), *, is_global: bool = True) -> str:
    """Write a tel URI; `parameters` must be in canonical order."""
    text = "tel:+" + digits if is_global else "tel:" + digits.replace("#", "%23")
    if not parameters:
        return text
    return text + "".join(f";{name}" if value is None else f";{name}={value}" for name, value in parameters)


def in_order(parameters: dict[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    """Put parameters into the order of RFC 3966 §3: isub or ext, phone-context, then by name."""
    first = {"isub": 0, "ext": 0, "phone-context": 1}
    return tuple(sorted(parameters.items(), key=lambda item: (first.get(item[0], 2), item[0])))
