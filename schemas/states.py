"""What a record can be: the enumerations of the subscriber database, in the words of the specifications."""

from enum import IntEnum, StrEnum


class OperatorType(IntEnum):
    """Who evaluates the called number of an inbound call."""

    MOBILE = 1  # the Gateway-MSC asks the HSS
    FIXED = 2  # the MGCF evaluates the complete number


class RegistrationState(StrEnum):
    """IMS registration state of a public identity. Source: TS 29.228 annex A, TS 23.008."""

    NOT_REGISTERED = "not-registered"
    REGISTERED = "registered"
    UNREGISTERED = "unregistered"


class IdentityKind(StrEnum):
    """Kind of a public identity; the order is that of IdentityType. Source: TS 29.228 annex B."""

    DISTINCT_USER = "distinct-user"
    DISTINCT_PSI = "distinct-psi"
    WILDCARDED_PSI = "wildcarded-psi"
    WILDCARDED_USER = "wildcarded-user"


class PortingForm(StrEnum):
    """What of number portability an operator wants to see in the Request-URI. Source: RFC 4694 5."""

    NONE = "none"
    NPDI = "npdi"  # only that the dip was done
    RN = "rn"  # and the routing number


class ContextRule(StrEnum):
    """What a dial plan makes of local numbers with a phone-context. Source: RFC 3966 5.1.5."""

    NATIONAL = "national"  # read as a number that is dialled in the own country
    OPAQUE = "opaque"  # known, and kept as they are


class AdministrativeState(StrEnum):
    """Whether a node takes part."""

    UP = "up"
    DOWN = "down"


class SharingPolicy(StrEnum):
    """How a pool chooses one of its I-CSCFs."""

    RENDEZVOUS = "rendezvous"
    PRIORITY_WEIGHT = "priority-weight"
    ROUND_ROBIN = "round-robin"


class TerminatingPreference(StrEnum):
    """Which domain a call to the subscriber tries."""

    CS_FIRST = "cs-first"
    IMS_FIRST = "ims-first"
    IMS_ONLY = "ims-only"


class IcscfAnswer(StrEnum):
    """How the answer to sendRoutingInfo names the I-CSCF."""

    IMRN_AND_NAME = "imrn-and-name"
    NAME = "name"
    IMRN = "imrn"


class ForkingMode(StrEnum):
    """How the S-CSCF rings several contacts."""

    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"


class AuthenticationScheme(StrEnum):
    """SIP-Authentication-Scheme of a private identity. Source: TS 29.229 6.3.9."""

    AKA = "Digest-AKAv1-MD5"
    SIP_DIGEST = "SIP Digest"


class ForwardingCondition(StrEnum):
    """When a call is forwarded. Source: TS 22.082."""

    UNCONDITIONAL = "unconditional"
    BUSY = "busy"
    NO_REPLY = "no-reply"
    NOT_REACHABLE = "not-reachable"


class IncomingBarring(StrEnum):
    """Who barred incoming calls. Source: TS 22.088, TS 22.041."""

    NONE = "none"
    OPERATOR = "operator"
    SERVICE = "service"


class EntryNodeKind(StrEnum):
    """Which node takes calls from the telephone network."""

    GMSC = "gmsc"
    MGCF = "mgcf"


class Transport(StrEnum):
    """Transport protocol of a node."""

    TCP = "tcp"
    SCTP = "sctp"
    TLS = "tls"
    UDP = "udp"
