"""Numbers of the Domain Name System. Unknown ones from a peer stay numbers."""

from enum import IntEnum


class RecordType(IntEnum):
    """TYPE and QTYPE values."""

    A = 1  # RFC 1035 §3.2.2
    NS = 2  # RFC 1035 §3.2.2
    SOA = 6  # RFC 1035 §3.2.2
    TXT = 16  # RFC 1035 §3.2.2
    AAAA = 28  # RFC 3596 §2.1
    NAPTR = 35  # RFC 3403 §4.1
    OPT = 41  # RFC 6891 §6.1.1
    IXFR = 251  # RFC 1995 §2
    AXFR = 252  # RFC 1035 §3.2.3
    ANY = 255  # RFC 1035 §3.2.3


class RecordClass(IntEnum):
    """CLASS and QCLASS values."""

    IN = 1  # RFC 1035 §3.2.4
    ANY = 255  # RFC 1035 §3.2.5


class Opcode(IntEnum):
    """Kinds of query. Source: RFC 1035 §4.1.1."""

    QUERY = 0


class ResponseCode(IntEnum):
    """RCODE values."""

    NOERROR = 0  # RFC 1035 §4.1.1
    FORMERR = 1  # RFC 1035 §4.1.1
    SERVFAIL = 2  # RFC 1035 §4.1.1
    NXDOMAIN = 3  # RFC 1035 §4.1.1
    NOTIMP = 4  # RFC 1035 §4.1.1
    REFUSED = 5  # RFC 1035 §4.1.1
    BADVERS = 16  # RFC 6891 §9; the upper eight bits travel in the OPT record
