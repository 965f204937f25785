"""Every vector decodes to its values; own messages are reproduced octet by octet."""

import json
from pathlib import Path
from typing import Any

import pytest

from hss.procedures import map_refusals as refusals
from hss.procedures.map_routing_info import Forward
from hss.services.map import RoutingInfoAnswer
from hss.sigtran import ber
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.map.call_handling import (
    SendRoutingInfoArg,
    SendRoutingInfoRes,
    read_routing_info_arg,
    read_routing_info_res,
    write_routing_info_res,
)
from hss.sigtran.map.dispatch import write_routing_info
from hss.sigtran.map.errors import read_detail, write_refusal
from hss.sigtran.map.extension import IcscfRoutingInfo, PrivateExtension, find_icscf
from hss.sigtran.map.gmsc import Question
from hss.sigtran.map.numbers import Address
from hss.sigtran.sccp.address import read_address
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Invoke, Reject, Result, ReturnError, read_components
from hss.sigtran.tcap.messages import Message as TcapMessage
from routing.selection import Member
from schemas.identities import Imsi, Msisdn
from schemas.numbers.sccp import Type
from schemas.numbers.tcap import Diagnostic, ProblemKind, Tag
from schemas.states import ForwardingCondition, IncomingBarring

FOLDER = Path(__file__).parents[3] / "vectors" / "map"
OWN: dict[str, str] = json.loads((FOLDER / "own_variants_m3ua.json").read_text())
FOCUS: list[dict[str, Any]] = json.loads((FOLDER / "sri_focus.json").read_text())

HLR = bytes.fromhex("12060012049471010000 00")
GMSC = bytes.fromhex("12080012049471020000 10")
CONTEXT = {2: bytes.fromhex("04000001000502"), 3: bytes.fromhex("04000001000503")}
OID = "1.3.6.1.4.1.32473.1.1"
NAME = "icscf1.ims.mnc001.mcc262.3gppnetwork.org"
IMSI = "262011234567890"


def tcap_of(vector: dict[str, Any]) -> bytes | None:
    octets = bytes.fromhex(vector["hex"])
    if vector["layer"] == "m3ua":
        octets = messages.read_transfer(messages.read_parameters(octets)).data
    if vector["layer"] in {"m3ua", "sccp"}:
        octets = SccpMessage.decode(octets).data
    return None if vector["layer"] == "map-parameter" else octets


def seen(octets: bytes) -> dict[str, Any]:
    """Read what a vector may expect."""
    message = TcapMessage.decode(octets)
    found: dict[str, Any] = {}
    if message.portion:
        found["ac"] = ber.read_oid(portions.read_portion(message.portion).context)
    for component in read_components(message.components, 0, len(message.components)):
        if isinstance(component, Invoke):
            argument = read_routing_info_arg(component.parameter, 3 if found.get("ac", "").endswith("3") else 1)
            found |= {"op": component.operation, "invokeId": component.invoke_id, "msisdn": argument.msisdn.digits}
            found["gmsc"] = None if argument.gmsc_address is None else argument.gmsc_address.digits
        elif isinstance(component, Result):
            result = read_routing_info_res(component.parameter)
            found |= {"op": component.operation, "imsi": result.imsi}
            found["msrn"] = None if result.roaming_number is None else result.roaming_number.digits
            found["vmsc"] = None if result.vmsc_address is None else result.vmsc_address.digits
        elif isinstance(component, ReturnError):
            found["error"] = component.code
        else:
            found["problem"] = (component.kind, component.problem)
    return found


@pytest.mark.parametrize("vector", FOCUS, ids=[f"{n}-{vector['layer']}" for n, vector in enumerate(FOCUS)])
def test_a_vector_decodes_to_its_values(vector: dict[str, Any]) -> None:
    octets = tcap_of(vector)
    if octets is not None:
        found = seen(octets)
        assert found
        for name, value in vector.get("expect", {}).items():
            assert found[name] == value
        return
    parameter = bytes.fromhex(vector["hex"])
    if "Response" in vector["what"]:
        assert read_routing_info_res(parameter).imsi == "011220200198227"
    else:
        assert read_routing_info_arg(parameter, 1).msisdn == Address("29113123311")


def test_the_long_jss7_argument_has_all_its_members() -> None:
    argument = read_routing_info_arg(bytes.fromhex(FOCUS[11]["hex"]), 3)
    assert [name for name in SendRoutingInfoArg.__slots__ if getattr(argument, name) in (None, False)] == []


def test_the_long_jss7_result_has_its_private_extensions() -> None:
    result = read_routing_info_res(bytes.fromhex(FOCUS[6]["hex"]))
    assert result.extensions is not None
    assert [each.name for each in result.extensions] == ["1.2.3.4", "1.2.3.6", "1.2.3.5"]
    assert result.extensions[0].body == bytes.fromhex("0b0c0d0e0f")
    assert result.forwarding_data is not None
    assert result.forwarding_data.options == b"\x24"


# What this project writes.


def frame(tcap: bytes, *, from_hlr: bool = True, kind: Type = Type.UDT, code: int = 0) -> str:
    called, calling = (GMSC, HLR) if from_hlr else (HLR, GMSC)
    udt = SccpMessage(type=kind, code=code, called=called, calling=calling, data=tcap).encode()
    opc, dpc = (2, 1) if from_hlr else (1, 2)
    return messages.write_transfer(Transfer(opc=opc, dpc=dpc, data=udt, sls=0, routing_context=100)).hex()


def end(component: bytes, version: int = 3) -> bytes:
    portion = portions.acceptance(CONTEXT[version])
    return TcapMessage(type=Tag.END, destination=b"\0\0\0\1", portion=portion, components=component).encode()


def begin(version: int) -> bytes:
    question = Question(msisdn=Msisdn("491715407090"), version=version)
    invoke = Invoke(invoke_id=1, operation=22, parameter=question.write(version))
    portion = b"" if version == 1 else portions.request(CONTEXT[version])
    return TcapMessage(type=Tag.BEGIN, originating=b"\0\0\0\1", portion=portion, components=invoke.encode()).encode()


def result(answer: RoutingInfoAnswer, version: int = 3) -> bytes:
    octets = Result(invoke_id=1, operation=22, parameter=write_routing_info(answer, version)).encode()
    return end(octets, version)


def by_hand(body: bytes) -> bytes:
    value = SendRoutingInfoRes(
        imsi=IMSI,
        roaming_number=Address("491799000001"),
        extensions=(PrivateExtension(oid=ber.write_oid(OID), body=body),),
    )
    return end(Result(invoke_id=1, operation=22, parameter=write_routing_info_res(value, 3)).encode())


def in_forwarding_data() -> bytes:
    extension = (PrivateExtension(oid=ber.write_oid(OID), body=IcscfRoutingInfo(name=NAME).encode()),)
    read = read_routing_info_res(parameter_of("res_v3_icscf_in_forwardingData"))
    assert read.forwarding_data is not None
    assert read.forwarding_data.extensions == extension
    return end(Result(invoke_id=1, operation=22, parameter=write_routing_info_res(read, 3)).encode())


def parameter_of(name: str) -> bytes:
    octets = tcap_of({"layer": "m3ua", "hex": OWN[name]})
    assert octets is not None
    message = TcapMessage.decode(octets)
    (component,) = read_components(message.components, 0, len(message.components))
    assert isinstance(component, Result)
    return component.parameter


def error(refusal: refusals.Refusal) -> bytes:
    code, parameter = write_refusal(refusal, 3)
    return end(ReturnError(invoke_id=1, code=code, parameter=parameter).encode())


FACTS = {"imsi": Imsi(IMSI)}
ICSCF = {"icscf": (Member(host=NAME),), "extension_oid": OID}
FORWARD = Forward(number="491713315407090", condition=ForwardingCondition.NOT_REACHABLE)
WRITTEN = {
    "sri_v1": frame(begin(1), from_hlr=False),
    "sri_v2": frame(begin(2), from_hlr=False),
    "sri_v3": frame(begin(3), from_hlr=False),
    "res_v3_msrn": frame(result(RoutingInfoAnswer(**FACTS, roaming_number="491710000123"))),  # type: ignore[arg-type]
    "res_v2_msrn": frame(result(RoutingInfoAnswer(**FACTS, roaming_number="491710000123"), 2)),  # type: ignore[arg-type]
    "res_v3_fwd_voicebox": frame(result(RoutingInfoAnswer(**FACTS, forward=FORWARD))),  # type: ignore[arg-type]
    "res_v3_icscf_seq_imrn": frame(result(RoutingInfoAnswer(**FACTS, imrn="491799000001", **ICSCF))),  # type: ignore[arg-type]
    "res_v2_icscf_private_tag": frame(result(RoutingInfoAnswer(**FACTS, imrn="491799000001", **ICSCF), 2)),  # type: ignore[arg-type]
    "res_v3_icscf_only": frame(result(RoutingInfoAnswer(**FACTS, **ICSCF))),  # type: ignore[arg-type]
    "res_v3_icscf_ia5_imrn": frame(by_hand(ber.write(0x16, NAME.encode()))),
    "res_v3_icscf_octet_imrn": frame(by_hand(ber.write(0x04, NAME.encode()))),
    "res_v3_icscf_rawnoTLV": frame(by_hand(NAME.encode())),
    "res_v3_icscf_in_forwardingData": frame(in_forwarding_data()),
    "err_v3_unknownSubscriber": frame(error(refusals.UnknownSubscriber(ported_mismatch=True))),
    "err_v3_absentSubscriber": frame(error(refusals.AbsentSubscriber())),
    "err_v3_callBarred": frame(error(refusals.CallBarred(by=IncomingBarring.OPERATOR))),
    "err_v3_facilityNotSupported": frame(error(refusals.FacilityNotSupported())),
    "err_v3_unexpectedDataValue": frame(error(refusals.UnexpectedData())),
    "err_v3_dataMissing": frame(error(refusals.DataMissing())),
    "abort_ac_not_supported": frame(
        TcapMessage(
            type=Tag.ABORT,
            destination=b"\0\0\0\1",
            portion=portions.refusal(CONTEXT[2], Diagnostic.CONTEXT_NOT_SUPPORTED),
        ).encode()
    ),
    "reject_unrecognizedOperation": frame(end(Reject(invoke_id=1, kind=ProblemKind.INVOKE, problem=1).encode())),
    "udts_no_translation": frame(begin(3), kind=Type.UDTS, code=1),
}
ONLY_READ = {"err_v3_systemFailure"}  # it holds a parameter of version 2 in version 3


@pytest.mark.parametrize("name", sorted(OWN))
def test_own_messages_are_reproduced_octet_by_octet(name: str) -> None:
    if name in ONLY_READ:
        assert name not in WRITTEN
    else:
        assert WRITTEN[name] == OWN[name]


def test_a_system_failure_in_the_form_of_version_2_is_understood() -> None:
    octets = tcap_of({"layer": "m3ua", "hex": OWN["err_v3_systemFailure"]})
    assert octets is not None
    message = TcapMessage.decode(octets)
    (component,) = read_components(message.components, 0, len(message.components))
    assert isinstance(component, ReturnError)
    assert (component.code, read_detail(component.parameter)) == (34, 1)
    assert write_refusal(refusals.SystemFailure(), 3) == (34, bytes.fromhex("30030a0101"))


@pytest.mark.parametrize(
    "name",
    [
        "res_v3_icscf_seq_imrn",
        "res_v3_icscf_ia5_imrn",
        "res_v3_icscf_octet_imrn",
        "res_v3_icscf_only",
        "res_v2_icscf_private_tag",
    ],
)
def test_each_form_of_the_extension_gives_the_name(name: str) -> None:
    result = read_routing_info_res(parameter_of(name))
    found = find_icscf(result.extensions or (), OID)
    assert found == IcscfRoutingInfo(name=NAME)


def test_an_extension_that_is_no_ber_is_skipped() -> None:
    result = read_routing_info_res(parameter_of("res_v3_icscf_rawnoTLV"))
    assert result.roaming_number == Address("491799000001")
    assert find_icscf(result.extensions or (), OID) is None


def test_addresses_of_the_captured_messages_are_read() -> None:
    first = SccpMessage.decode(bytes.fromhex(FOCUS[4]["hex"]))
    called, calling = read_address(first.called), read_address(first.calling)
    assert called.title is not None
    assert calling.title is not None
    assert (called.subsystem, called.title.digits) == (6, "543200120005")
    assert calling.title.digits == "97254120625"
    assert (first.return_on_error, first.sequenced) == (True, True)
    national = read_address(SccpMessage.decode(bytes.fromhex(FOCUS[5]["hex"])).called)
    assert national.title is not None
    assert (national.subsystem, national.title.digits) == (6, "919969679389")
