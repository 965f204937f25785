"""Field types of documents: text from outside becomes a value here, or an error that names the rule.

`pydantic` reports the message of the `ValueError` together with the path of the field.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from schemas.identities import Impi, Impu, Imsi, Msisdn

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?")
_SIP_URI: Final = re.compile(r"sips?:([^@\s]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(;[^\s?]*)?")
_ROUTING_CODE: Final = re.compile(r"\+[1-9][0-9A-F]{0,14}|[0-9A-F]{1,15}")
_LOCAL_NUMBER: Final = re.compile(r"[0-9A-F*#]{1,15}")
_CONTEXT_DIGITS: Final = re.compile(r"\+[1-9][0-9]{0,14}")
_CONTEXT_HOST: Final = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?")
_SERVICE_URN: Final = re.compile(
    r"urn:service:[a-z0-9](?:[a-z0-9-]{0,25}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_SEPARATORS: Final = str.maketrans(dict.fromkeys("-.()"))
_DIAMETER_URI: Final = re.compile(r"aaas?://[A-Za-z0-9.-]+(:\d{1,5})?(;transport=(tcp|sctp|udp))?(;protocol=diameter)?")

MOST_ICSCF_OCTETS: Final = 138  # what one SCCP unitdata leaves for the name beside IMSI and IMRN
MOST_PREFIX_DIGITS: Final = 10  # of roaming numbers; ITU-T E.164 6: at most 15 digits
MOST_URN_OCTETS: Final = 255
MOST_OID_OCTETS: Final = 16  # TS 29.002 17.7.11: of the identifier of a private extension, which has as many components


def _number(text: str) -> str:
    digits = Msisdn.parse(text).digits
    if digits.startswith("0"):
        raise ValueError("must begin with a country code, and none begins with 0 (ITU-T E.164 6)")
    return "+" + digits


def _host(text: str) -> str:
    host = text.lower().removesuffix(".")
    if not _HOST.fullmatch(host):
        raise ValueError("must be a host name of letters, digits, '-' and '.' (RFC 1123 2.1)")
    return host


def _icscf_host(host: str) -> str:
    if len(host) > MOST_ICSCF_OCTETS:
        raise ValueError(f"must have at most {MOST_ICSCF_OCTETS} octets, as an answer to sendRoutingInfo holds no more")
    return host


def _lent_prefix(number: str) -> str:
    if len(number) - 1 > MOST_PREFIX_DIGITS:
        raise ValueError(f"must have at most {MOST_PREFIX_DIGITS} digits, as 5 more make a whole number")
    return number


def _object_identifier(text: str) -> str:
    arcs = [int(arc) for arc in text.split(".")]
    octets = sum(max(1, -(-arc.bit_length() // 7)) for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]])
    if (arcs[0] < 2 and arcs[1] > 39) or octets > MOST_OID_OCTETS:
        raise ValueError(f"must be an object identifier of at most {MOST_OID_OCTETS} octets (TS 29.002 17.7.11)")
    return text


def _sip_uri(text: str) -> str:
    match = _SIP_URI.fullmatch(text)
    if match is None or _CONTROL.search(text) or int((match[3] or ":0")[1:]) > 65535:
        raise ValueError("must be a SIP URI, for example sip:scscf1.ims.example:6060 (RFC 3261 19.1)")
    return text


def _diameter_uri(text: str) -> str:
    if not _DIAMETER_URI.fullmatch(text):
        raise ValueError(
            "must be a Diameter URI, for example aaa://ccf1.ims.example:3868;transport=tcp (RFC 6733 4.3.1)"
        )
    return text


def _routing_code(text: str) -> str:
    code = text.upper().translate(_SEPARATORS)
    if not _ROUTING_CODE.fullmatch(code):
        raise ValueError(
            "must be up to 15 hexadecimal digits, behind + and a country code where they are global (RFC 4694 4)"
        )
    return code


def _local_number(text: str) -> str:
    number = text.upper().translate(_SEPARATORS)
    if not _LOCAL_NUMBER.fullmatch(number):
        raise ValueError("must be 1 to 15 digits, hexadecimal ones, * or # without a plus sign (RFC 3966 3)")
    return number


def _phone_context(text: str) -> str:
    if text.startswith("+"):
        context, form = text.translate(_SEPARATORS), _CONTEXT_DIGITS
    else:
        context, form = text.lower().removesuffix("."), _CONTEXT_HOST
    if not form.fullmatch(context):
        raise ValueError("must be + and digits, or a domain name (RFC 3966 5.1.5)")
    return context


def _service_urn(text: str) -> str:
    urn = text.lower()
    if len(urn) > MOST_URN_OCTETS or not _SERVICE_URN.fullmatch(urn):
        raise ValueError("must be a service URN, for example urn:service:sos.police (RFC 5031 3)")
    return urn


def _line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _text(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("must not have control characters but tab and line feed")
    return text


Number = Annotated[str, AfterValidator(_number)]  # E.164 with plus; separators are taken out
ImsiText = Annotated[str, AfterValidator(lambda text: Imsi.parse(text).digits)]
NaiText = Annotated[str, AfterValidator(lambda text: Impi.parse(text).nai)]
ImpuText = Annotated[str, AfterValidator(lambda text: Impu.parse(text).uri)]
Host = Annotated[str, AfterValidator(_host)]
IcscfHost = Annotated[Host, AfterValidator(_icscf_host)]
LentPrefix = Annotated[Number, AfterValidator(_lent_prefix)]  # of numbers that are lent for a call
ObjectIdentifier = Annotated[
    str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]{0,38})){1,15}$"), AfterValidator(_object_identifier)
]
RoutingCode = Annotated[str, AfterValidator(_routing_code)]  # a routing number, or a carrier identification code
LocalNumber = Annotated[str, AfterValidator(_local_number)]  # a short code; separators are taken out
PhoneContext = Annotated[str, AfterValidator(_phone_context)]
ServiceUrn = Annotated[str, AfterValidator(_service_urn)]
SipUri = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_sip_uri)]
DiameterUri = Annotated[str, AfterValidator(_diameter_uri)]
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,127}$")]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{32}$", to_lower=True)]  # 128 bits in hexadecimal
Unsigned32 = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Unsigned31 = Annotated[int, Field(ge=0, le=0x7FFFFFFF)]  # what an INTEGER of SQL and of XML holds
Seconds = Annotated[int, Field(ge=0, le=253402300799)]  # since 1970, up to the year 9999
Line = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_line)]
Text = Annotated[str, StringConstraints(max_length=16384), AfterValidator(_text)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024, strip_whitespace=False)]
