"""Addresses of hosts."""

import ipaddress


def is_loopback(peer: str) -> bool:
    """Tell whether an address is this host's own; IPv4 in IPv6 counts as IPv4."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
