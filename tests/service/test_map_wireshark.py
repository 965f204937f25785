"""tshark reads what the running service and `hss query sri` really say, and finds nothing wrong with it."""

import json
from pathlib import Path

from tests.oracle.wireshark import read
from tests.service.conftest import Service

NUMBERS = ("+491715407090", "+491715407091", "+491715407092", "+491715407096", "+491715407097", "+491719999999")


def said(service: Service, *arguments: str) -> list[bytes]:
    """Ask, and give all messages of both sides."""
    options = ("--json", "--hex", "--peer", service.address("m3ua-tcp"))
    result = service.invoke("query", "sri", *arguments, *options)
    return [bytes.fromhex(each["octets"]) for each in json.loads(result.stdout)["messages"]]


def test_tshark_finds_nothing_wrong_with_real_conversations(service: Service, tmp_path: Path) -> None:
    frames = [
        frame
        for number in NUMBERS
        for version in ("1", "2", "3")
        for frame in said(service, number, "--version", version)
    ]
    frames += said(service, NUMBERS[0], "--forwarding-reason", "busy", "--routing-context", "7")
    frames += said(service, NUMBERS[0], "--suppress-t-csi", "--long-numbers", "--on-subsystem")
    packets = read(frames, tmp_path)
    assert [complaint for packet in packets for complaint in packet.complaints] == []
    spoken = [packet for packet in packets if any(name.startswith("gsm_map") for name in packet.fields)]
    assert len(spoken) >= 2 * len(NUMBERS) * 3 - len(NUMBERS)
    shown = [fields[name] for fields in (packet.fields for packet in packets) for name in fields if "icscf" in name]
    assert {"icscf1.ims.example", "icscf2.ims.example"} <= {value for values in shown for value in values}
