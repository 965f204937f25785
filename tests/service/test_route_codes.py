"""Services, default route, carriers and routing numbers: put by HTTP, seen by the next question."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Service, invoke, running

NOBODY, SWISS = "+12015550123", "+41445550100"
TRANSIT: dict[str, Any] = {
    "name": "transit",
    "type": 2,
    "home_domain": "transit.example",
    "home": False,
    "country_code": "41",
    "prefixes": ["+41"],
    "entry_nodes": [{"name": "mgcf9", "kind": "mgcf", "host": "mgcf9.transit.example"}],
}


@pytest.fixture(scope="module")
def own(sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service whose data the tests change, with one operator more than the sample data have."""
    with running(sample()) as found:
        found.put("operators", "transit", **TRANSIT)
        yield found


def way(service: Service, called: str, **more: Any) -> tuple[Any, ...]:
    status, found = service.call("POST", "route", body={"called": called, "explain": False, **more})
    assert status == 200, found
    operator = found["operator"]
    return operator and operator["name"], operator and operator["match"], found["outcome"]["sip"], found["request_uri"]


def uri(service: Service, called: str) -> tuple[Any, ...]:
    return way(service, called, kind="uri")


def test_short_codes_lead_to_who_serves_them_and_to_404_without_a_service(own: Service) -> None:
    short, emergency = "tel:115;phone-context=+49", "urn:service:sos"
    assert way(own, "115") == ("fixed", "service", None, short)
    assert way(own, "112") == ("fixed", "service", None, emergency)
    own.patch("operators", "fixed", service_numbers=[])
    assert way(own, "115") == (None, None, 404, None)
    assert way(own, "112") == (None, None, None, emergency)
    own.patch("operators", "transit", service_numbers=[{"number": "115", "phone_context": "+49"}, {"number": "112"}])
    assert way(own, "115") == ("transit", "service", None, short)
    assert way(own, "112", operator="transit") == ("transit", "service", None, emergency)


def test_the_default_route_takes_what_nobody_has_until_it_is_given_back(own: Service) -> None:
    assert way(own, NOBODY)[2] == 404
    own.patch("operators", "transit", default_route=True)
    assert way(own, NOBODY) == ("transit", "default", None, f"tel:{NOBODY};npdi")
    status, problem = own.call(
        "PATCH", "operators", "mobile", body={"default_route": True}, kind="application/merge-patch+json"
    )
    assert (status, problem["errors"][0]["field"]) == (409, "default_route")
    assert "operator 'transit' has the default route" in problem["errors"][0]["rule"]
    own.patch("operators", "transit", default_route=False)
    assert way(own, NOBODY)[2] == 404


def test_a_carrier_is_chosen_by_its_code(own: Service) -> None:
    called = "tel:+497219578290;cic=+1-5062"
    assert uri(own, called)[0] == "fixed"
    own.patch("operators", "transit", carriers=["+15062"])
    assert uri(own, called)[:2] == ("transit", "carrier")


def test_a_routing_number_of_an_operator_leads_to_it_and_is_taken_off(own: Service) -> None:
    own.patch("operators", "mobile", routing_numbers=["+49D171"])
    called = "tel:+497219578290;npdi;rn=+49D171"
    assert uri(own, called)[:2] == ("mobile", "routing-number")
    assert "rn=" not in uri(own, called)[3]
    own.patch("operators", "transit", routing_numbers=["+41D99"])
    foreign = "tel:+497219578290;npdi;rn=+41D99"
    assert uri(own, foreign) == ("transit", "routing-number", None, foreign)
    own.put("ported-numbers", "+497219578292", number="+497219578292", routing_number="+41D99")
    assert way(own, "+497219578292")[:2] == ("transit", "ported-number")


def test_a_dial_plan_counts_from_the_next_question_on(own: Service) -> None:
    assert way(own, "999", operator="mobile")[2] == 404
    own.patch("operators", "mobile", emergency_numbers=["999"], phone_contexts={"+49": "national"})
    assert way(own, "999", operator="mobile")[2:] == (None, "urn:service:sos")
    local = "tel:0721-9578290;phone-context=+49"
    assert way(own, local, kind="uri", operator="mobile")[:2] == ("fixed", "ddi-stem")
    assert way(own, local, kind="uri", operator="fixed")[2] == 404


def test_a_wrong_code_is_refused_by_its_field_and_rule(own: Service) -> None:
    status, problem = own.call("PUT", "operators", "other", body=TRANSIT | {"name": "other", "carriers": ["+1x"]})
    assert (status, problem["errors"][0]["field"]) == (422, "carriers.0")
    assert "RFC 4694" in problem["errors"][0]["rule"]
    status, problem = own.call(
        "PUT", "operators", "other", body=TRANSIT | {"name": "other", "prefixes": [], "routing_numbers": ["+49D172"]}
    )
    assert (status, problem["errors"][0]["field"]) == (409, "routing_numbers.0")


def test_the_sample_data_alone_know_short_codes() -> None:
    done = invoke("route", "--sample", "--json", "115")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["entry"]["node"] == "mgcf1.fixed.example"
