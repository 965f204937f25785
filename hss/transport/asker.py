"""Who sent a datagram, and the way back: from the very address that was asked, also where the socket has them all.

An answer from another address of the host is no answer to the asker. Linux ip(7) IP_PKTINFO, RFC 3542 §6.
"""

import socket
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from struct import Struct
from typing import Any, Final, TypeAlias

from hss.transport.address import Address
from hss.transport.listening import address_of

IP_PKTINFO: Final = 8  # of Linux; Python 3.11 has no name for it
ANCILLARY_OCTETS: Final = socket.CMSG_SPACE(20)  # in6_pktinfo, the longer of the two
_INFO: Final = Struct("=i4s4s")  # interface, local address, address in the header of the datagram
_INFO_6: Final = Struct("=16si")  # local address, interface

Way: TypeAlias = list[tuple[int, int, bytes]]


@dataclass(frozen=True, slots=True)
class Asker(Address):
    """An address that sent a datagram; `name` in the form of the socket, `way` for `sendmsg` where one is needed."""

    name: Any = field(default=(), compare=False)
    way: Way = field(default_factory=list, compare=False)

    def at(self, port: int) -> "Asker":
        """Name another port of the same host."""
        if port == self.port:
            return self
        return Asker(self.host, port, (self.name[0], port, *self.name[2:]), self.way)


def ask_for_ways(bound: socket.socket) -> bool:
    """Let the kernel say which address was asked; False where the socket is bound to just one."""
    host = bound.getsockname()[0]
    if host == "0.0.0.0":  # noqa: S104 - it is compared, not bound
        bound.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    elif host == "::":
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        return False
    return True


def asker_of(name: Any, ancillary: Way) -> Asker:  # noqa: ANN401 - the address form of any family
    """Read what `recvmsg` gives."""
    host, port = name[:2]
    if ":" in host:
        host = address_of(name).host
    return Asker(host, port, name, [_back(*entry) for entry in ancillary])


def _back(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """Turn what came around: the address stays, the interface is the kernel's choice, save for a link-local address."""
    if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
        _, local, _ = _INFO.unpack(data)
        return level, kind, _INFO.pack(0, local, bytes(4))
    local, interface = _INFO_6.unpack(data)
    return level, kind, _INFO_6.pack(local, interface if IPv6Address(local).is_link_local else 0)
