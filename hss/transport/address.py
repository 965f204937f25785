"""Where to listen and whom to call: a host and a port, and several hosts of one multi-homed end."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self

PORTS: Final = range(65536)
ANY_HOST: Final = "*"  # every interface, IPv4 and IPv6


class AddressError(ValueError):
    """A text is not an address; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name, IPv4, IPv6 without brackets, or `*`) and a port; port 0 asks the kernel for a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, default_port: int | None = None) -> Self:
        """Read `host:port` or `[IPv6]:port`; where `default_port` is given, the port may be missing."""
        hosts, port = _split(text, default_port)
        if len(hosts) != 1:
            raise AddressError(f"one address is wanted, not {len(hosts)}: {text!r}")
        return cls(hosts[0], port)

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_addresses(text: str, *, default_port: int | None = None) -> tuple[Address, ...]:
    """Read the addresses of one multi-homed end: `10.0.0.1,10.0.1.1:3868`, `10.0.0.1,[2001:db8::1]:3868`.

    All of them share the one port. Names and `*` are refused, as an SCTP end is bound to IP addresses.
    """
    hosts, port = _split(text, default_port)
    return tuple(Address(str(_literal(host, text)), port) for host in hosts)


def joined(addresses: Sequence[Address]) -> str:
    """Write addresses as `parse_addresses` reads them, or one by one where they do not share a port."""
    if len({address.port for address in addresses}) != 1:
        return ",".join(map(str, addresses))
    hosts = [str(address).rpartition(":")[0] for address in addresses]
    return f"{','.join(hosts)}:{addresses[0].port}"


def _split(text: str, default_port: int | None) -> tuple[list[str], int]:
    stripped = text.strip()
    head, colon, tail = stripped.rpartition(":")
    if colon and "]" not in tail and not _bare_ipv6(stripped):
        port = _port(tail, text)
    elif default_port is not None:
        head, port = stripped, default_port
    else:
        raise AddressError(f"no port: {text!r}; write HOST:PORT, or [IPV6]:PORT")
    return [_host(part.strip(), text) for part in head.split(",")], port


def _bare_ipv6(text: str) -> bool:
    last = text.rpartition(",")[2]
    return last.count(":") > 1 and "[" not in last


def _port(digits: str, text: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and int(digits) in PORTS):
        raise AddressError(f"the port is not a number from 0 to 65535: {text!r}")
    return int(digits)


def _host(part: str, text: str) -> str:
    if part.startswith("[") and part.endswith("]"):
        inner = part[1:-1]
        if not isinstance(_literal(inner, text), IPv6Address):
            raise AddressError(f"brackets are for IPv6 addresses only: {text!r}")
        return inner
    if ":" in part:
        raise AddressError(f"an IPv6 address stands in brackets, as in [::1]:3868: {text!r}")
    if not part:
        raise AddressError(f"no host: {text!r}; every interface is written {ANY_HOST}:PORT")
    if any(character.isspace() or character in "[]/@" for character in part):
        raise AddressError(f"not a host name or an IP address: {text!r}")
    return part


def _literal(host: str, text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(host)
    except ValueError:
        raise AddressError(f"{host!r} is not an IP address: {text!r}") from None
