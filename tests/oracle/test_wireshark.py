"""tshark reads each kind of our messages, and finds nothing wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hss.procedures.map_routing_info import CallForwarding, IcscfChoice, OperatorFacts
from hss.services.map import RoamingNumberRequest
from hss.sigtran import ber
from hss.sigtran.m3ua import messages
from hss.sigtran.map.machine import MapConfig
from hss.sigtran.map.numbers import Address
from hss.sigtran.map.roaming import roaming_number_call
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import NodeConfig
from hss.sigtran.tcap.machine import TcapConfig
from routing.selection import Member, Policy
from schemas.identities import Imsi, Msisdn
from schemas.numbers.m3ua import Kind
from schemas.numbers.map import Context, ForwardingReason
from schemas.states import ForwardingCondition, IcscfAnswer, IncomingBarring
from tests.oracle.wireshark import Seen, read
from tests.pair.sigtran_samples import (
    CALLED,
    ICSCF,
    IMSI,
    IN_IMS,
    IN_VLR,
    MOBILE,
    OFF,
    VLR,
    VOICEBOX,
    ask,
    node_for,
    peers,
    question,
)
from tests.pair.test_map_operations import ATI, SEND_IMSI, SM, SRI, Vlr, hss, interrogation, sm

LONG = tuple(Member(host=f"icscf{n}.{'x' * 60}.ims.mnc001.mcc262.3gppnetwork.org") for n in range(3))
POOL = IcscfChoice(members=tuple(Member(host=f"icscf{n}.example", port=5066) for n in (1, 2)), policy=Policy.STATIC)
OLD = NodeConfig(map=MapConfig(highest={Context.LOCATION_INFO_RETRIEVAL: 1}))
NO_ROOM = NodeConfig(tcap=TcapConfig(most_transactions=0))
NOT_OURS = NodeConfig(sccp=SccpConfig(titles=("4932",)))


def conversations() -> Iterator[tuple[str, list[bytes]]]:
    """Have all the conversations; give what was said in each."""
    for version in (1, 2, 3):
        parties = {
            "vlr": IN_VLR,
            "ims": IN_IMS,
            "pool": replace(IN_IMS, icscf=POOL),
            "long": replace(IN_IMS, icscf=IcscfChoice(members=LONG, policy=Policy.STATIC)),
            "name only": replace(IN_IMS, operator=OperatorFacts(icscf_answer=IcscfAnswer.NAME)),
            "off": OFF,
            "absent": MOBILE,
            "barred": replace(IN_VLR, barring=IncomingBarring.SERVICE),
            "failed": replace(IN_IMS, icscf=None),
            "forwarded": replace(
                IN_VLR, forwardings=(CallForwarding(condition=ForwardingCondition.UNCONDITIONAL, number="4930123456"),)
            ),
        }
        for name, party in parties.items():
            yield f"{name} v{version}", said(ask(node_for(party), question(version))[1].said)
        yield f"unknown v{version}", said(ask(node_for(), question(version))[1].said)
        pair = peers(node_for(IN_VLR))
        pair.call(*SM, sm, version=version)
        yield f"sm v{version}", said(pair.wire.said)
        pair = peers(Vlr("491720000777", version).node(), hss())
        request = RoamingNumberRequest(imsi=Imsi(IMSI), msisdn=Msisdn(CALLED), vlr_number=VLR)
        pair.left.call(roaming_number_call(request, lambda _: None, hlr_title="491710000000"), now=0.0)
        yield f"prn v{version}", said(pair.wire.said)
    yield "suppressed", said(ask(node_for(IN_VLR), question(suppress_t_csi=True, long_numbers=True))[1].said)
    asked = question(forwarding_interrogation=True, forwarding_reason=ForwardingReason.BUSY)
    yield "busy", said(ask(node_for(IN_VLR), asked)[1].said)
    yield "old hlr", said(ask(node_for(IN_VLR, config=OLD), question())[1].said)
    yield "no room", said(ask(node_for(IN_VLR, config=NO_ROOM), question())[1].said)
    yield "not ours", said(ask(node_for(IN_VLR, config=NOT_OURS), question())[1].said)
    yield from others()


def others() -> Iterator[tuple[str, list[bytes]]]:
    pair = peers(node_for(IN_VLR))
    pair.call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED))))
    yield "ati", said(pair.wire.said)
    pair = peers(node_for(MOBILE))
    pair.call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED))))
    yield "ati off", said(pair.wire.said)
    pair = peers(node_for(IN_VLR, interrogation_allowed=False))
    pair.call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED))))
    yield "ati refused", said(pair.wire.said)
    pair = peers(node_for(IN_VLR))
    pair.call(*SEND_IMSI, lambda _: ber.write(4, Address(CALLED).encode()), version=2)
    yield "send imsi", said(pair.wire.said)
    pair = peers(node_for(MOBILE))
    pair.call(*SM, sm)
    yield "sm absent", said(pair.wire.said)
    pair = peers(node_for(IN_VLR))
    pair.call(99, SRI[1], lambda _: b"\x05\x00")
    yield "reject", said(pair.wire.said)[-1:]


def said(all_said: list[tuple[str, bytes]]) -> list[bytes]:
    return [octets for _, octets in all_said]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[bytes, Seen]]]:
    named = list(conversations())
    frames = [octets for _, each in named for octets in each]
    packets = iter(zip(frames, read(frames, tmp_path_factory.mktemp("capture")), strict=True))
    return {name: [next(packets) for _ in each] for name, each in named}


def test_nothing_that_we_say_is_wrong(seen: dict[str, list[tuple[bytes, Seen]]]) -> None:
    complaints = {
        f"{name}: {octets.hex()}": packet.complaints
        for name, packets in seen.items()
        for octets, packet in packets
        if packet.complaints
    }
    assert complaints == {}


def last_data(packets: list[tuple[bytes, Seen]]) -> dict[str, list[str]]:
    return [packet.fields for octets, packet in packets if messages.read_kind(octets) is Kind.DATA][-1]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_wireshark_reads_the_numbers_that_we_wrote(seen: dict[str, list[tuple[bytes, Seen]]], version: int) -> None:
    assert "491710100000" in last_data(seen[f"vlr v{version}"])["e164.msisdn"]
    assert last_data(seen[f"vlr v{version}"])["e212.imsi"] == [IMSI]
    assert VOICEBOX in last_data(seen[f"off v{version}"])["e164.msisdn"]
    assert last_data(seen[f"unknown v{version}"])["gsm_old.localValue"] == ["1"]
    assert last_data(seen[f"absent v{version}"])["gsm_old.localValue"] == ["27"]
    assert "491720000777" in last_data(seen[f"prn v{version}"])["e164.msisdn"]


def test_our_dissector_shows_the_name_the_port_and_the_alternatives(
    seen: dict[str, list[tuple[bytes, Seen]]],
) -> None:
    assert last_data(seen["ims v3"])["map_icscf.name"] == [ICSCF]
    pool = last_data(seen["pool v3"])
    assert pool["map_icscf.name"] == ["icscf1.example"]
    assert pool["map_icscf.port"] == ["5066"]
    assert pool["map_icscf.alternative"] == ["icscf2.example"]
    assert "map_icscf.name" not in last_data(seen["ims v2"])


def test_wireshark_does_find_what_is_wrong(tmp_path: Path) -> None:
    own = json.loads((Path(__file__).parents[1] / "vectors" / "map" / "own_variants_m3ua.json").read_text())
    (packet,) = read([bytes.fromhex(own["res_v3_icscf_rawnoTLV"])], tmp_path)
    assert packet.complaints
