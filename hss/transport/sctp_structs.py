"""The structures of Linux' SCTP sockets (RFC 6458, numbers and layout of `linux/sctp.h`) that we read and write.

Messages go by the standard library's `sendmsg` and `recvmsg`: see docs/adr/0003-transport.md.
"""

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from hss.machine import Event
from hss.transport.address import Address
from hss.transport.events import AssociationChanged, AssociationState, PathChanged, PathConfirmed, PathState

SOL_SCTP: Final = 132
OPTION_BINDX_ADD: Final = 100
OPTION_CONNECTX: Final = 110
CMSG_SNDRCV: Final = 1
CMSG_SNDINFO: Final = 2
UNORDERED: Final = 1  # sctp_sinfo_flags
NOTE_ASSOCIATION: Final = 0x8001
NOTE_PATH: Final = 0x8002

SNDINFO: Final = struct.Struct("=HHIIi")  # stream, flags, ppid, context, association
NOTE: Final = struct.Struct("=HHI")  # type, flags, length
ASSOCIATION_CHANGE: Final = struct.Struct("=HHHHi")  # state, error, streams out, streams in, association
PATH_STATE: Final = struct.Struct("=iii")  # state, error, association
PPID_AT: Final = 8  # in sctp_sndrcvinfo
SOCKADDR_STORAGE_OCTETS: Final = 128

Ancillary = tuple[int, int, bytes]


def send_info(*, stream: int, ppid: int, unordered: bool) -> list[Ancillary]:
    """Say how a message is to be sent; the payload protocol identifier travels most significant octet first."""
    flags = UNORDERED if unordered else 0
    return [(SOL_SCTP, CMSG_SNDINFO, SNDINFO.pack(stream, flags, socket.htonl(ppid), 0, 0))]


def ppid_of(ancillary: Iterable[Ancillary]) -> int | None:
    """Read the payload protocol identifier of a received message; None where the kernel did not tell it."""
    for level, kind, octets in ancillary:
        if level == SOL_SCTP and kind == CMSG_SNDRCV and len(octets) >= PPID_AT + 4:
            return int.from_bytes(octets[PPID_AT : PPID_AT + 4], "big")
    return None


def read_notification(octets: bytes) -> Event | None:
    """Read what the kernel tells of an association or a path; None where it is of another kind or cut short."""
    if len(octets) < NOTE.size:
        return None
    kind, _, _ = NOTE.unpack_from(octets)
    body = octets[NOTE.size :]
    if kind == NOTE_ASSOCIATION and len(body) >= ASSOCIATION_CHANGE.size:
        state, error, *_ = ASSOCIATION_CHANGE.unpack_from(body)
        known = state in AssociationState.__members__.values()
        return AssociationChanged(state=AssociationState(state), error=error) if known else None
    if kind == NOTE_PATH and len(body) >= SOCKADDR_STORAGE_OCTETS + PATH_STATE.size:
        state, _, _ = PATH_STATE.unpack_from(body, SOCKADDR_STORAGE_OCTETS)
        return _path_event(_host_of(body), state)
    return None


def _path_event(host: IPv4Address | IPv6Address | None, state: int) -> Event | None:
    if host is None or state not in PathState.__members__.values():
        return None
    if state == PathState.CONFIRMED:
        return PathConfirmed(host=str(host))
    return PathChanged(host=str(host), state=PathState(state))


def pack_addresses(addresses: Iterable[Address]) -> bytes:
    """Write socket addresses behind one another, as bindx and connectx want them."""
    return b"".join(_sockaddr(address) for address in addresses)


def family_of(addresses: Iterable[Address]) -> socket.AddressFamily:
    """Choose the socket family that can hold all `addresses`: IPv6 where one of them is."""
    return socket.AF_INET6 if any(":" in address.host for address in addresses) else socket.AF_INET


def _sockaddr(address: Address) -> bytes:
    host = ip_address(address.host)
    port = address.port.to_bytes(2, "big")
    if host.version == 4:
        return struct.pack("=H", socket.AF_INET) + port + host.packed + bytes(8)
    return struct.pack("=H", socket.AF_INET6) + port + bytes(4) + host.packed + bytes(4)


def _host_of(sockaddr: bytes) -> IPv4Address | IPv6Address | None:
    (family,) = struct.unpack_from("=H", sockaddr)
    if family == socket.AF_INET:
        return IPv4Address(sockaddr[4:8])
    if family == socket.AF_INET6:
        host = IPv6Address(sockaddr[8:24])
        return host.ipv4_mapped or host
    return None


def name_of(address: Address) -> tuple[Any, ...]:
    """Give the form that `bind` and `connect` of the standard library want."""
    return (address.host, address.port)
