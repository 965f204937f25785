import socket
import struct

import pytest

from hss.transport.address import Address
from hss.transport.events import AssociationChanged, AssociationState, PathChanged, PathConfirmed, PathState
from hss.transport.sctp_structs import (
    SNDINFO,
    family_of,
    name_of,
    pack_addresses,
    ppid_of,
    read_notification,
    send_info,
)

V4 = struct.pack("=H", socket.AF_INET) + bytes.fromhex("0f1c 7f000002") + bytes(8)
V6 = struct.pack("=H", socket.AF_INET6) + bytes.fromhex("0f1c 00000000") + bytes(15) + b"\1" + bytes(4)
MAPPED = struct.pack("=H", socket.AF_INET6) + bytes(6) + bytes(10) + b"\xff\xff\x7f\0\0\2" + bytes(4)


def path_change(sockaddr: bytes, state: int) -> bytes:
    return struct.pack("=HHI", 0x8002, 0, 148) + sockaddr.ljust(128, b"\0") + struct.pack("=iii", state, 0, 7)


def association_change(state: int, error: int = 0) -> bytes:
    return struct.pack("=HHIHHHHi", 0x8001, 0, 20, state, error, 16, 16, 7)


def test_a_message_is_sent_by_its_stream_with_its_identifier() -> None:
    ((level, kind, octets),) = send_info(stream=3, ppid=46, unordered=False)
    assert (level, kind) == (132, 2)
    assert octets[4:8] == bytes([0, 0, 0, 46])
    assert SNDINFO.unpack(octets)[:2] == (3, 0)


def test_unordered_is_a_flag() -> None:
    ((_, _, octets),) = send_info(stream=0, ppid=46, unordered=True)
    assert SNDINFO.unpack(octets)[1] == 1


def test_the_identifier_of_a_received_message_is_read() -> None:
    info = bytes(8) + bytes([0, 0, 0, 3]) + bytes(20)
    assert ppid_of([(1, 1, b""), (132, 1, info)]) == 3


@pytest.mark.parametrize("ancillary", [[], [(132, 3, bytes(32))], [(132, 1, bytes(8))]])
def test_an_identifier_that_was_not_told_is_none(ancillary: list[tuple[int, int, bytes]]) -> None:
    assert ppid_of(ancillary) is None


@pytest.mark.parametrize(
    ("sockaddr", "host"), [(V4, "127.0.0.2"), (V6, "::1"), (MAPPED, "127.0.0.2")], ids=["IPv4", "IPv6", "mapped"]
)
def test_a_change_of_a_path_is_read(sockaddr: bytes, host: str) -> None:
    assert read_notification(path_change(sockaddr, 1)) == PathChanged(host=host, state=PathState.UNREACHABLE)


def test_a_path_that_is_found_to_work_is_no_change() -> None:
    assert read_notification(path_change(V4, 5)) == PathConfirmed(host="127.0.0.2")


def test_a_change_of_the_association_is_read() -> None:
    assert read_notification(association_change(1, 9)) == AssociationChanged(state=AssociationState.LOST, error=9)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(7),
        association_change(0)[:-1],
        association_change(77),
        path_change(V4, 0)[:-1],
        path_change(V4, 77),
        path_change(struct.pack("=H", 77), 0),
        struct.pack("=HHI", 0x8005, 0, 12) + bytes(4),
    ],
)
def test_a_notification_that_is_cut_short_or_unknown_is_passed_over(octets: bytes) -> None:
    assert read_notification(octets) is None


def test_addresses_are_packed_behind_one_another() -> None:
    assert pack_addresses([Address("127.0.0.2", 3868), Address("::1", 3868)]) == V4 + V6


def test_one_ipv6_address_makes_an_ipv6_socket() -> None:
    assert family_of([Address("127.0.0.1", 1)]) == socket.AF_INET
    assert family_of([Address("127.0.0.1", 1), Address("::1", 1)]) == socket.AF_INET6


def test_a_name_is_host_and_port() -> None:
    assert name_of(Address("::1", 5)) == ("::1", 5)
