"""NAPTR records of ENUM (RFC 3403 §4.1, RFC 6116 §5.1)."""

from functools import lru_cache
from struct import Struct
from typing import Final

from routing.selection import SIP_PORT, Member

ORDER: Final = 100  # the same for all E2U records of a number
_FIXED: Final = Struct(">HH")
LONGEST_STRING: Final = 255  # a character-string (RFC 1035 §3.3)


def naptr(preference: int, service: str, regexp: str) -> bytes | None:
    """Write the data of a terminal NAPTR record; None where the expression is longer than a record can hold."""
    expression = regexp.encode("ascii", "replace")
    if len(expression) > LONGEST_STRING:
        return None
    name = service.encode("ascii")
    return b"".join(
        (
            _FIXED.pack(ORDER, preference),
            b"\x01u",
            bytes([len(name)]),
            name,
            bytes([len(expression)]),
            expression,
            b"\0",  # the replacement of a terminal record is the root
        )
    )


@lru_cache(maxsize=1024)
def sip_record(preference: int, member: Member) -> bytes | None:
    """Write the record that leads to one I-CSCF; the number comes from the asker's side of the expression."""
    return naptr(preference, "E2U+sip", rf"!^(.*)$!sip:\1@{host_port(member)};user=phone{transport(member)}!")


def tel_record(preference: int, uri: str) -> bytes | None:
    """Write the record with the outcome of number portability (RFC 4769)."""
    return naptr(preference, "E2U+pstn:tel", f"!^.*$!{uri}!")


def host_port(member: Member) -> str:
    """Write host and port of a SIP URI; the port only where it is not the usual one."""
    return member.host if member.port == SIP_PORT else f"{member.host}:{member.port}"


def transport(member: Member) -> str:
    """Write the transport parameter of a SIP URI; nothing for UDP."""
    return "" if member.transport == "udp" else f";transport={member.transport}"
