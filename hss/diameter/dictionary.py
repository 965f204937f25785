"""AVPs and commands as the specifications describe them; the only door to python-diameter.

The tables hold what the base protocol (RFC 6733 4.5), Cx (TS 29.229 V19.1.0 6) and Sh (TS 29.329 V19.1.0 6) define, in
a notation near theirs. The library's dictionary is asked for the names of foreign AVPs only, since it takes a fifth of
a second to import and departs from the specifications in places; `CORRECTIONS` lists where.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from schemas.numbers.cx import CxCommand, ShCommand, TgppAvp
from schemas.numbers.diameter import VENDOR_3GPP, VENDOR_ETSI, Application, BaseAvp, BaseCommand

VENDOR_SHIFT: Final = 32  # the key of an AVP is its vendor and its code in one number


class Type(Enum):
    """Data types (RFC 6733 4.2, 4.3)."""

    OCTETS = "octets"  # OctetString
    TEXT = "text"  # UTF8String
    IDENTITY = "identity"  # DiameterIdentity
    URI = "uri"  # DiameterURI
    UNSIGNED32 = "u32"
    UNSIGNED64 = "u64"
    ENUMERATED = "enum"
    ADDRESS = "address"
    TIME = "time"
    GROUP = "group"  # Grouped
    ANYTHING = "anything"  # Grouped, but not looked into: Failed-AVP is faulty by purpose, overload control is ignored


SMALLEST: Final[Mapping[Type, int]] = {  # octets of the smallest legal payload
    Type.OCTETS: 0,
    Type.TEXT: 0,
    Type.IDENTITY: 0,
    Type.URI: 0,
    Type.UNSIGNED32: 4,
    Type.UNSIGNED64: 8,
    Type.ENUMERATED: 4,
    Type.ADDRESS: 6,
    Type.TIME: 4,
    Type.GROUP: 0,
    Type.ANYTHING: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AvpDefinition:
    """One row of the AVP tables."""

    code: int
    vendor: int
    name: str
    type: Type
    mandatory: bool  # the M flag that leaves with it
    values: frozenset[int] = frozenset()  # of an enumeration
    members: str = ""  # of a group
    key: int  # vendor and code in one number


# code, name, type, M where the flag is to be set; after = the values of an enumeration, after : the members of a group.
# In a group ? is 0 or 1, * is 0 or more, + is 1 or more, plain is exactly 1; any other AVP may follow.
BASE: Final = """
1 User-Name text M
8 Framed-IP-Address octets M
33 Proxy-State octets M
96 Framed-Interface-Id u64 M
97 Framed-IPv6-Prefix octets M
104 Digest-Realm text M
110 Digest-QoP text M
111 Digest-Algorithm text M
121 Digest-HA1 text M
257 Host-IP-Address address M
258 Auth-Application-Id u32 M
259 Acct-Application-Id u32 M
260 Vendor-Specific-Application-Id group M : Vendor-Id ?Auth-Application-Id ?Acct-Application-Id
263 Session-Id text M
264 Origin-Host identity M
265 Supported-Vendor-Id u32 M
266 Vendor-Id u32 M
267 Firmware-Revision u32
268 Result-Code u32 M
269 Product-Name text
273 Disconnect-Cause enum M = 0-2
277 Auth-Session-State enum M = 0-1
278 Origin-State-Id u32 M
279 Failed-AVP anything M
280 Proxy-Host identity M
281 Error-Message text
282 Route-Record identity M
283 Destination-Realm identity M
284 Proxy-Info group M : Proxy-Host Proxy-State
293 Destination-Host identity M
294 Error-Reporting-Host identity
296 Origin-Realm identity M
297 Experimental-Result group M : Vendor-Id Experimental-Result-Code
298 Experimental-Result-Code u32 M
299 Inband-Security-Id u32 M
301 DRMP enum = 0-15
621 OC-Supported-Features anything
623 OC-OLR anything
650 Load anything
"""
ETSI: Final = "500 Line-Identifier octets"
TGPP: Final = """
600 Visited-Network-Identifier octets M
601 Public-Identity text M
602 Server-Name text M
603 Server-Capabilities group M : *Mandatory-Capability *Optional-Capability *Server-Name
604 Mandatory-Capability u32 M
605 Optional-Capability u32 M
606 User-Data octets M
607 SIP-Number-Auth-Items u32 M
608 SIP-Authentication-Scheme text M
609 SIP-Authenticate octets M
610 SIP-Authorization octets M
611 SIP-Authentication-Context octets M
612 SIP-Auth-Data-Item group M : ?SIP-Item-Number ?SIP-Authentication-Scheme ?SIP-Authenticate ?SIP-Authorization \
?SIP-Authentication-Context ?Confidentiality-Key ?Integrity-Key ?SIP-Digest-Authenticate ?Framed-IP-Address \
?Framed-IPv6-Prefix ?Framed-Interface-Id *Line-Identifier
613 SIP-Item-Number u32 M
614 Server-Assignment-Type enum M = 0-11
615 Deregistration-Reason group M : Reason-Code ?Reason-Info
616 Reason-Code enum M = 0-3
617 Reason-Info text M
618 Charging-Information group M : ?Primary-Event-Charging-Function-Name ?Secondary-Event-Charging-Function-Name \
?Primary-Charging-Collection-Function-Name ?Secondary-Charging-Collection-Function-Name
619 Primary-Event-Charging-Function-Name uri M
620 Secondary-Event-Charging-Function-Name uri M
621 Primary-Charging-Collection-Function-Name uri M
622 Secondary-Charging-Collection-Function-Name uri M
623 User-Authorization-Type enum M = 0-2
624 User-Data-Already-Available enum M = 0-1
625 Confidentiality-Key octets M
626 Integrity-Key octets M
628 Supported-Features group : Vendor-Id Feature-List-ID Feature-List
629 Feature-List-ID u32
630 Feature-List u32
631 Supported-Applications group : *Auth-Application-Id *Acct-Application-Id *Vendor-Specific-Application-Id
632 Associated-Identities group : *User-Name
633 Originating-Request enum M = 0
634 Wildcarded-Public-Identity text
635 SIP-Digest-Authenticate group M : Digest-Realm ?Digest-Algorithm Digest-QoP Digest-HA1 \
?Alternate-Digest-Algorithm ?Alternate-Digest-HA1
636 Wildcarded-IMPU text
637 UAR-Flags u32
638 Loose-Route-Indication enum = 0-1
639 SCSCF-Restoration-Info group : User-Name +Restoration-Info ?Registration-Time-Out ?SIP-Authentication-Scheme
640 Path octets
641 Contact octets
642 Subscription-Info group : Call-ID-SIP-Header From-SIP-Header To-SIP-Header Record-Route Contact
643 Call-ID-SIP-Header octets
644 From-SIP-Header octets
645 To-SIP-Header octets
646 Record-Route octets
647 Associated-Registered-Identities group : *User-Name
648 Multiple-Registration-Indication enum = 0-1
649 Restoration-Info group : Path Contact ?Initial-CSeq-Sequence-Number ?Call-ID-SIP-Header ?Subscription-Info \
?P-CSCF-Subscription-Info
650 Session-Priority enum = 0-4
651 Identity-with-Emergency-Registration group : User-Name Public-Identity
652 Priviledged-Sender-Indication enum = 0-1
653 LIA-Flags u32
654 Initial-CSeq-Sequence-Number u32
655 SAR-Flags u32
656 Allowed-WAF-WWSF-Identities group : *WebRTC-Authentication-Function-Name *WebRTC-Web-Server-Function-Name
657 WebRTC-Authentication-Function-Name text
658 WebRTC-Web-Server-Function-Name text
659 RTR-Flags u32
660 P-CSCF-Subscription-Info group : Call-ID-SIP-Header From-SIP-Header To-SIP-Header Contact
661 Registration-Time-Out time
662 Alternate-Digest-Algorithm text
663 Alternate-Digest-HA1 text
664 Failed-PCSCF group : ?PCSCF-FQDN *PCSCF-IP-Address
665 PCSCF-FQDN identity
666 PCSCF-IP-Address address
667 OC-Reg-Timer-Ext u32
700 User-Identity group M : ?Public-Identity ?MSISDN ?External-Identifier
701 MSISDN octets M
702 Sh-User-Data octets M
703 Data-Reference enum M = 0 10-19 21-36
704 Service-Indication octets M
705 Subs-Req-Type enum M = 0-1
706 Requested-Domain enum M = 0-1
707 Current-Location enum M = 0-1
708 Identity-Set enum = 0-3
709 Expiry-Time time
710 Send-Data-Indication enum = 0-1
711 DSAI-Tag octets M
712 One-Time-Notification enum = 0
713 Requested-Nodes u32
714 Serving-Node-Indication enum = 0
715 Repository-Data-ID group : Service-Indication Sequence-Number
716 Sequence-Number u32
717 Pre-paging-Supported enum = 0-1
718 Local-Time-Zone-Indication enum = 0-1
719 UDR-Flags u32
720 Call-Reference-Info group : Call-Reference-Number AS-Number
721 Call-Reference-Number octets
722 AS-Number octets
3111 External-Identifier text M
"""


def _rows(text: str, vendor: int) -> Iterator[AvpDefinition]:
    for line in text.strip().splitlines():
        head, _, members = line.partition(" : ")
        head, _, values = head.partition(" = ")
        code, name, kind, *flags = head.split()
        yield AvpDefinition(
            code=int(code),
            vendor=vendor,
            key=vendor << VENDOR_SHIFT | int(code),
            name=name,
            type=Type(kind),
            mandatory=flags == ["M"],
            values=frozenset(value for part in values.split() for value in _range(part)),
            members=members,
        )


def _range(text: str) -> range:
    low, _, high = text.partition("-")
    return range(int(low), int(high or low) + 1)


AVPS: Final[Mapping[int, AvpDefinition]] = {
    row.key: row for row in (*_rows(BASE, 0), *_rows(TGPP, VENDOR_3GPP), *_rows(ETSI, VENDOR_ETSI))
}
_BY_NAME: Final[Mapping[str, AvpDefinition]] = {row.name: row for row in AVPS.values()}


def base(code: BaseAvp) -> AvpDefinition:
    """Find an AVP without a vendor."""
    return AVPS[code]


def tgpp(code: TgppAvp) -> AvpDefinition:
    """Find an AVP of vendor 3GPP."""
    return AVPS[VENDOR_3GPP << VENDOR_SHIFT | code]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which AVPs a message or a group has to hold, and which ones at most once."""

    required: tuple[AvpDefinition, ...] = ()
    required_keys: frozenset[int] = frozenset()
    single: frozenset[int] = frozenset()


ANY: Final = Grammar()


@cache
def grammar(text: str) -> Grammar:
    """Read the notation of the tables; `!` is as plain, as the place of an AVP is not checked."""
    rows = [(part.lstrip("!?*+"), part[0]) for part in text.split()]
    required = tuple(_BY_NAME[name] for name, sign in rows if sign not in "?*")
    return Grammar(
        required=required,
        required_keys=frozenset(row.key for row in required),
        single=frozenset(_BY_NAME[name].key for name, sign in rows if sign not in "*+"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDefinition:
    """A command of one application."""

    name: str  # of three letters, the last one R or A: "LI" is LIR and LIA
    request: str  # grammar
    answer: str
    proxiable: bool = True


REQUEST: Final = (
    "!Session-Id Vendor-Specific-Application-Id Auth-Session-State Origin-Host Origin-Realm "
    "?DRMP *Proxy-Info *Route-Record "
)
ANSWER: Final = (
    "!Session-Id Vendor-Specific-Application-Id ?Result-Code ?Experimental-Result Auth-Session-State Origin-Host "
    "Origin-Realm ?DRMP ?Failed-AVP *Proxy-Info *Route-Record "
)
OVERLOAD: Final = "?OC-Supported-Features ?OC-OLR *Load "
# Destination-Realm is required too; the dispatcher sees to it, as Destination-Host without it is a fault of its own.
TO_HSS: Final = "?Destination-Host ?Destination-Realm "
FROM_HSS: Final = "Destination-Host ?Destination-Realm "
WILDCARDS: Final = "?Wildcarded-Public-Identity ?Wildcarded-IMPU "
ERROR_ANSWER: Final = "?Session-Id Origin-Host Origin-Realm Result-Code ?Origin-State-Id *Proxy-Info"  # RFC 6733 7.2
LENIENT_CER: Final = "Origin-Host Origin-Realm *Host-IP-Address Vendor-Id Product-Name ?Origin-State-Id"

COMMANDS: Final[Mapping[tuple[int, int], CommandDefinition]] = {
    (Application.BASE, BaseCommand.CAPABILITIES_EXCHANGE): CommandDefinition(
        name="CE",
        request="Origin-Host Origin-Realm +Host-IP-Address Vendor-Id Product-Name ?Origin-State-Id ?Firmware-Revision",
        answer="Result-Code Origin-Host Origin-Realm ?Origin-State-Id ?Error-Message ?Failed-AVP ?Firmware-Revision",
        proxiable=False,
    ),
    (Application.BASE, BaseCommand.DEVICE_WATCHDOG): CommandDefinition(
        name="DW",
        request="Origin-Host Origin-Realm ?Origin-State-Id",
        answer="Result-Code Origin-Host Origin-Realm ?Error-Message ?Failed-AVP ?Origin-State-Id",
        proxiable=False,
    ),
    (Application.BASE, BaseCommand.DISCONNECT_PEER): CommandDefinition(
        name="DP",
        request="Origin-Host Origin-Realm Disconnect-Cause",
        answer="Result-Code Origin-Host Origin-Realm ?Error-Message ?Failed-AVP",
        proxiable=False,
    ),
    (Application.CX, CxCommand.USER_AUTHORIZATION): CommandDefinition(
        name="UA",
        request=REQUEST + TO_HSS + "User-Name ?OC-Supported-Features *Supported-Features Public-Identity "
        "Visited-Network-Identifier ?User-Authorization-Type ?UAR-Flags",
        answer=ANSWER + OVERLOAD + "*Supported-Features ?Server-Name ?Server-Capabilities",
    ),
    (Application.CX, CxCommand.SERVER_ASSIGNMENT): CommandDefinition(
        name="SA",
        request=REQUEST + TO_HSS + "?User-Name ?OC-Supported-Features *Supported-Features *Public-Identity "
        "?Wildcarded-Public-Identity Server-Name Server-Assignment-Type User-Data-Already-Available "
        "?SCSCF-Restoration-Info ?Multiple-Registration-Indication ?Session-Priority ?SAR-Flags ?Failed-PCSCF",
        answer=ANSWER + OVERLOAD + "?User-Name *Supported-Features ?User-Data ?Charging-Information "
        "?Associated-Identities ?Loose-Route-Indication *SCSCF-Restoration-Info ?Associated-Registered-Identities "
        "?Server-Name ?Wildcarded-Public-Identity ?Priviledged-Sender-Indication ?Allowed-WAF-WWSF-Identities",
    ),
    (Application.CX, CxCommand.LOCATION_INFO): CommandDefinition(
        name="LI",
        request=REQUEST + TO_HSS + "?Originating-Request ?OC-Supported-Features *Supported-Features Public-Identity "
        "?User-Authorization-Type ?Session-Priority",
        answer=ANSWER + OVERLOAD + "*Supported-Features ?Server-Name ?Server-Capabilities "
        "?Wildcarded-Public-Identity ?LIA-Flags",
    ),
    (Application.CX, CxCommand.MULTIMEDIA_AUTH): CommandDefinition(
        name="MA",
        request=REQUEST + TO_HSS + "User-Name ?OC-Supported-Features *Supported-Features Public-Identity "
        "SIP-Auth-Data-Item SIP-Number-Auth-Items Server-Name",
        answer=ANSWER + OVERLOAD + "?User-Name *Supported-Features ?Public-Identity ?SIP-Number-Auth-Items "
        "*SIP-Auth-Data-Item",
    ),
    (Application.CX, CxCommand.REGISTRATION_TERMINATION): CommandDefinition(
        name="RT",
        request=REQUEST + FROM_HSS + "User-Name ?Associated-Identities *Supported-Features *Public-Identity "
        "Deregistration-Reason ?RTR-Flags",
        answer=ANSWER + "?Associated-Identities *Supported-Features *Identity-with-Emergency-Registration",
    ),
    (Application.CX, CxCommand.PUSH_PROFILE): CommandDefinition(
        name="PP",
        request=REQUEST + FROM_HSS + "User-Name *Supported-Features ?User-Data ?Charging-Information "
        "?SIP-Auth-Data-Item ?Allowed-WAF-WWSF-Identities",
        answer=ANSWER + "*Supported-Features",
    ),
    (Application.SH, ShCommand.USER_DATA): CommandDefinition(
        name="UD",
        request=REQUEST + TO_HSS + WILDCARDS + "*Supported-Features User-Identity ?Server-Name *Service-Indication "
        "+Data-Reference *Identity-Set ?Requested-Domain ?Current-Location *DSAI-Tag ?Session-Priority ?User-Name "
        "?Requested-Nodes ?Serving-Node-Indication ?Pre-paging-Supported ?Local-Time-Zone-Indication ?UDR-Flags "
        "?Call-Reference-Info ?OC-Supported-Features",
        answer=ANSWER + OVERLOAD + WILDCARDS + "*Supported-Features ?Sh-User-Data",
    ),
    (Application.SH, ShCommand.PROFILE_UPDATE): CommandDefinition(
        name="PU",
        request=REQUEST + TO_HSS + WILDCARDS + "*Supported-Features User-Identity ?User-Name +Data-Reference "
        "Sh-User-Data ?OC-Supported-Features",
        answer=ANSWER + OVERLOAD + WILDCARDS + "?Repository-Data-ID ?Data-Reference *Supported-Features",
    ),
    (Application.SH, ShCommand.SUBSCRIBE_NOTIFICATIONS): CommandDefinition(
        name="SN",
        request=REQUEST + TO_HSS + WILDCARDS + "*Supported-Features User-Identity *Service-Indication "
        "?Send-Data-Indication ?Server-Name Subs-Req-Type +Data-Reference *Identity-Set ?Expiry-Time *DSAI-Tag "
        "?One-Time-Notification ?User-Name ?OC-Supported-Features",
        answer=ANSWER + OVERLOAD + WILDCARDS + "*Supported-Features ?Sh-User-Data ?Expiry-Time",
    ),
    (Application.SH, ShCommand.PUSH_NOTIFICATION): CommandDefinition(
        name="PN",
        request=REQUEST + FROM_HSS + WILDCARDS + "*Supported-Features User-Identity ?User-Name Sh-User-Data",
        answer=ANSWER + "*Supported-Features",
    ),
}


def command_name(application: int, code: int, *, request: bool) -> str:
    """Name a command for people, a foreign one by its number."""
    letter = "R" if request else "A"
    definition = COMMANDS.get((application, code))
    return f"{definition.name}{letter}" if definition else f"{code}{letter}"


# python-diameter 0.9.0 against the specifications, by (code, vendor): what our table has instead, and why.
# The M flag of an AVP is not listed where the table of its vendor decides it: TS 29.229 table 6.3.0.1 and TS 29.329
# table 6.3.1 leave it out of most rows from 628 on, the library sets it in all.
CORRECTIONS: Final[Mapping[tuple[int, int], str]] = {
    (606, VENDOR_3GPP): "name: TS 29.229 table 6.3.0.1 says User-Data",
    **{(code, VENDOR_3GPP): "name: the standard has no prefix 3GPP-" for code in (607, 608, 609, 610, 612, 613)},
    (634, VENDOR_3GPP): "name: Wildcarded-PSI is an older name",
    **{(code, VENDOR_3GPP): "type: DiameterURI in TS 29.229 table 6.3.0.1" for code in range(619, 623)},
    **{(code, VENDOR_3GPP): "missing in the library" for code in range(659, 668)},
    (110, 0): "name: RFC 5090 writes Digest-QoP",
    (268, 0): "type: Unsigned32 in RFC 6733 4.5",
    (299, 0): "type: Unsigned32 in RFC 6733 4.5",
    (719, VENDOR_3GPP): "type: Unsigned32 in TS 29.329 table 6.3.1",
}


def name_of(code: int, vendor: int) -> str:
    """Name an AVP for people: by our table, by the library for foreign ones, else by its numbers."""
    definition = AVPS.get(vendor << VENDOR_SHIFT | code)
    return definition.name if definition else _foreign_name(code, vendor)


@cache
def _foreign_name(code: int, vendor: int) -> str:
    from diameter.message.avp import dictionary as library  # noqa: PLC0415 - it takes a fifth of a second

    rows = library.AVP_VENDOR_DICTIONARY.get(vendor, {}) if vendor else library.AVP_DICTIONARY
    name = rows.get(code, {}).get("name") or (f"{code} of vendor {vendor}" if vendor else f"{code}")
    return re.sub(r"\s+", " ", str(name))
