"""A Gateway-MSC asks the running service: each row of the decision, and each change that the next question sees."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Service, running
from tests.service.map_wire import BEAT, BEAT_ACK, Asp, kind_of, message, tcap_of

OWN: dict[str, str] = json.loads((Path(__file__).parents[1] / "vectors" / "map" / "own_variants_m3ua.json").read_text())
CUSTOMER = "+491715407090"
IMSI = "262011234567890"
MSRN, IMRN = "49171000", "491799"
POOL = {"icscf1.ims.example", "icscf2.ims.example"}
NAME = "icscf1.ims.mnc001.mcc262.3gppnetwork.org"


def asked(service: Service, number: str, *options: str, status: int = 0) -> dict[str, Any]:
    """Ask as `hss query sri` does; what has no value is left out."""
    result = service.invoke("query", "sri", number, "--peer", service.address("m3ua-tcp"), "--json", *options)
    assert result.exit_code == status, result.output
    values: dict[str, Any] = json.loads(result.stdout)
    assert values.pop("elapsed_s") > 0
    return {name: value for name, value in values.items() if value not in (None, [])}


# --- Each row of the decision, with the sample data ------------------------------------------------------------------

versions = pytest.mark.parametrize("version", [1, 2, 3])


@versions
def test_who_is_in_a_vlr_gets_a_roaming_number_of_his_operator(version: int, service: Service) -> None:
    found = asked(service, "+491715407091", "--version", str(version))
    assert found.pop("number").startswith(MSRN)
    assert found == {"msisdn": "+491715407091", "version": version, "imsi": "262011234567891", "icscf_port": 5060}


@versions
def test_who_is_called_through_ims_first_gets_an_imrn_and_in_version_3_the_pool(version: int, service: Service) -> None:
    found = asked(service, "+49-171-540-7090", "--version", str(version))
    assert found["imsi"] == IMSI
    assert found["number"].startswith(IMRN)
    named = {found["icscf"], *found["alternatives"]} if version == 3 else set()
    assert named == (POOL if version == 3 else set())


@versions
def test_an_unknown_number_is_an_unknown_subscriber(version: int, service: Service) -> None:
    found = asked(service, "+491719999999", "--version", str(version), status=1)
    assert (found["error"], found["error_code"]) == ("unknown-subscriber", 1)


@versions
@pytest.mark.parametrize(
    ("number", "error", "code"),
    [("+491715407096", "absent-subscriber", 27), ("+491715407093", "absent-subscriber", 27),
     ("+491715407097", "call-barred", 13), ("+497219578291", "unknown-subscriber", 1)],
    ids=["registered nowhere, no voicebox", "IMS only, not registered", "barred by the operator", "Type 2"],
)  # fmt: skip
def test_refusals(number: str, error: str, code: int, version: int, service: Service) -> None:
    found = asked(service, number, "--version", str(version), status=1)
    assert (found["version"], found["error"], found["error_code"]) == (version, error, code)


@versions
@pytest.mark.parametrize(
    ("number", "to", "condition"),
    [("+491715407092", "491713315407092", "not-reachable"), ("+491715407098", "497219578290", "unconditional")],
    ids=["voicebox", "unconditional forwarding before the VLR"],
)
def test_forwardings(number: str, to: str, condition: str, version: int, service: Service) -> None:
    found = asked(service, number, "--version", str(version))
    assert (found["version"], found["forwarded_to"], found["condition"]) == (version, to, condition)
    assert "number" not in found


def test_services_for_the_unregistered_state_lead_into_ims(service: Service) -> None:
    found = asked(service, "+491715407094")
    assert found["icscf"] in POOL
    assert found["number"].startswith(IMRN)


def test_a_static_entry_names_one_i_cscf(service: Service) -> None:
    found = asked(service, "+491715407095")
    assert (found["icscf"], "alternatives" in found) == ("icscf9.ims.example", False)


def test_the_same_number_gets_the_same_i_cscf_every_time(service: Service) -> None:
    assert len({asked(service, CUSTOMER)["icscf"] for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("option", "error", "code"),
    [("busy", "busy-subscriber", 45), ("no-reply", "no-subscriber-reply", 46)],
)
def test_a_forwarding_interrogation_says_that_a_service_is_not_active(
    option: str, error: str, code: int, service: Service
) -> None:
    found = asked(service, CUSTOMER, "--forwarding-reason", option, status=1)
    assert (found["error"], found["error_code"]) == (error, code)


def test_a_forwarding_interrogation_for_who_is_not_reachable_leads_to_the_voicebox(service: Service) -> None:
    found = asked(service, CUSTOMER, "--forwarding-reason", "not-reachable")
    assert found["forwarded_to"] == "491713315407090"


# --- A change by the API is seen by the next question ----------------------------------------------------------------


@pytest.fixture
def number(service: Service) -> Iterator[str]:
    """Give the number of a subscriber of the test's own, about whom was asked already."""
    imsi, msisdn = "262019990000001", "+491719990001"
    status, _ = service.call("POST", "subscribers", body={"operator": "mobile", "imsi": imsi, "msisdn": msisdn})
    assert status == 201
    assert asked(service, msisdn, status=1)["error"] == "absent-subscriber"
    yield msisdn
    service.delete("subscriptions", imsi)
    assert asked(service, msisdn, status=1)["error"] == "unknown-subscriber"


def side(service: Service, **change: Any) -> None:
    """Change the circuit-switched side of that subscriber."""
    service.patch("subscriptions", "262019990000001", circuit_switched=change)


def register(service: Service, number: str, state: str) -> None:
    body = {"state": state} | ({} if state == "not-registered" else {"scscf": {"name": "sip:scscf1.ims.example"}})
    status, answer = service.call("PUT", "public-identities", f"tel:{number}", "registration", body=body)
    assert status == 200, answer


def test_a_number_that_was_unknown_is_found_as_soon_as_it_is_there(service: Service) -> None:
    assert asked(service, "+491719990002", status=1)["error"] == "unknown-subscriber"
    service.call("POST", "subscribers", body={"operator": "mobile", "msisdn": "+491719990002"})
    assert asked(service, "+491719990002", status=1)["error"] == "absent-subscriber"
    service.delete("subscriptions", "491719990002")
    assert asked(service, "+491719990002", status=1)["error"] == "unknown-subscriber"


def test_registration_preference_vlr_and_voicebox_decide_at_once(number: str, service: Service) -> None:
    side(service, voicebox="+491713315400000")
    assert asked(service, number)["forwarded_to"] == "491713315400000"
    register(service, number, "registered")
    assert asked(service, number)["icscf"] in POOL
    side(service, vlr_number="+491710000001")
    assert asked(service, number)["number"].startswith(MSRN)  # cs-first
    side(service, preference="ims-first")
    assert asked(service, number)["icscf"] in POOL
    register(service, number, "not-registered")
    assert asked(service, number)["number"].startswith(MSRN)
    side(service, preference="ims-only")
    assert asked(service, number)["forwarded_to"] == "491713315400000"
    side(service, icscf={"host": "icscf7.ims.example"})
    register(service, number, "unregistered")
    assert asked(service, number)["icscf"] == "icscf7.ims.example"


def test_the_circuit_switched_leg_never_leads_back_into_ims(number: str, service: Service) -> None:
    side(service, vlr_number="+491710000001", preference="ims-first")
    register(service, number, "registered")
    assert "icscf" in asked(service, number)
    for option in ("--suppress-t-csi", "--forwarding-interrogation"):
        found = asked(service, number, option)
        assert found["number"].startswith(MSRN)
        assert "icscf" not in found
    side(service, vlr_number=None)
    assert asked(service, number, "--suppress-t-csi", status=1)["error"] == "absent-subscriber"


def test_forwardings_and_barring_come_and_go(number: str, service: Service) -> None:
    conditions = {"busy": "+497219578290", "no-reply": "+497219578291", "not-reachable": "+497219578292"}
    side(service, forwardings=[{"condition": name, "number": to} for name, to in conditions.items()])
    for name, to in conditions.items():
        found = asked(service, number, "--forwarding-reason", name)
        assert (found["forwarded_to"], found["condition"]) == (to[1:], name)
    assert asked(service, number)["forwarded_to"] == "497219578292"
    side(service, barring="service")
    assert asked(service, number, status=1)["error"] == "call-barred"
    side(service, barring="none", forwardings=[])
    assert asked(service, number, status=1)["error"] == "absent-subscriber"


def test_members_that_are_down_are_never_chosen(number: str, service: Service) -> None:
    register(service, number, "registered")
    before = service.call("GET", "icscf-pools", "mobile-icscfs")[1]["members"]
    chosen = asked(service, number)["icscf"]
    down = [member | ({"state": "down"} if member["host"] == chosen else {}) for member in before]
    service.patch("icscf-pools", "mobile-icscfs", members=down)
    try:
        found = asked(service, number)
        assert {found["icscf"]} == POOL - {chosen}
        assert "alternatives" not in found
        service.patch("icscf-pools", "mobile-icscfs", members=[member | {"state": "down"} for member in before])
        assert asked(service, number, status=1)["error"] == "system-failure"
    finally:
        service.patch("icscf-pools", "mobile-icscfs", members=before)
    assert asked(service, number)["icscf"] == chosen


def test_the_operator_says_how_an_i_cscf_is_named(number: str, service: Service) -> None:
    register(service, number, "registered")
    try:
        service.patch("operators", "mobile", icscf_answer="name")
        found = asked(service, number)
        assert found["icscf"] in POOL
        assert "number" not in found
        assert asked(service, number, "--version", "2")["number"].startswith(IMRN)
        service.patch("operators", "mobile", icscf_answer="imrn", imrn_prefix="+4917777")
        found = asked(service, number)
        assert found["number"].startswith("4917777")
        assert "icscf" not in found
        service.patch("operators", "mobile", icscf_answer="imrn-and-name", extension_oid="1.3.6.1.4.1.99999.7")
        assert "icscf" not in asked(service, number)
        assert asked(service, number, "--extension-oid", "1.3.6.1.4.1.99999.7")["icscf"] in POOL
    finally:
        service.patch(
            "operators",
            "mobile",
            icscf_answer="imrn-and-name",
            extension_oid="1.3.6.1.4.1.32473.1.1",
            imrn_prefix="+491799",
        )
    assert asked(service, number)["number"].startswith(IMRN)


def test_a_type_2_operator_answers_where_it_is_configured_so(service: Service) -> None:
    body = {"operator": "fixed", "msisdn": "+497219578295", "state": "registered", "scscf": "sip:scscf1.fixed.example"}
    assert service.call("POST", "subscribers", body=body | {"preference": "ims-only"})[0] == 201
    assert asked(service, "+497219578295", status=1)["error"] == "unknown-subscriber"
    service.patch("operators", "fixed", answers_routing_info=True)
    try:
        assert asked(service, "+497219578295")["icscf"] == "icscf1.fixed.example"
    finally:
        service.patch("operators", "fixed", answers_routing_info=False)
        service.delete("subscriptions", "497219578295")


# --- Octets of our vectors -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service for those tests that change the customer of the sample data."""
    with running(sample()) as found:
        yield found


def answered(service: Service, name: str) -> str:
    with Asp(service.address("m3ua-tcp")).up() as asp:
        return asp.ask(bytes.fromhex(OWN[name])).hex()


def change(service: Service, **circuit_switched: Any) -> None:
    service.patch("subscriptions", "customer", circuit_switched=circuit_switched)


def test_answers_are_those_of_the_vectors_octet_by_octet(own: Service) -> None:
    change(own, icscf={"host": NAME})
    own.patch("operators", "mobile", icscf_answer="name")
    assert answered(own, "sri_v3") == OWN["res_v3_icscf_only"]
    own.patch("operators", "mobile", icscf_answer="imrn-and-name")
    lent, expected = bytes.fromhex(answered(own, "sri_v3")), bytes.fromhex(OWN["res_v3_icscf_seq_imrn"])
    at = expected.index(bytes.fromhex("0407919471990000 10")) + 3
    assert (lent[: at + 3], lent[at + 6 :]) == (expected[: at + 3], expected[at + 6 :])  # but for the serial number
    register(own, CUSTOMER, "not-registered")
    assert answered(own, "sri_v3") == OWN["res_v3_fwd_voicebox"]
    change(own, voicebox=None)
    assert answered(own, "sri_v3") == OWN["err_v3_absentSubscriber"]
    change(own, barring="operator")
    assert answered(own, "sri_v3") == OWN["err_v3_callBarred"]
    change(own, barring="none", vlr_number="+491710000001")
    own.patch("operators", "mobile", msrn_prefix="+4917100")
    for version in (2, 3):
        got, wanted = answered(own, f"sri_v{version}"), OWN[f"res_v{version}_msrn"]
        cut = wanted.index("0791947101") + len("0791947101")
        assert (got[:cut], got[cut + 6 :]) == (wanted[:cut], wanted[cut + 6 :])  # but for the serial number


def test_the_messages_of_the_vectors_that_are_no_questions_stop_nothing(own: Service) -> None:
    with Asp(own.address("m3ua-tcp")).up() as asp:
        for name, octets in OWN.items():
            if not name.startswith("sri_"):
                asp.send(bytes.fromhex(octets))
        asp.send(message(BEAT))
        while kind_of(asp.receive()) != BEAT_ACK:
            pass
        for version in (1, 2, 3):
            answer = tcap_of(asp.ask(bytes.fromhex(OWN[f"sri_v{version}"])))
            assert answer[:1] + answer[2:8] == bytes.fromhex("64490400000001")
