"""Services, routing numbers, carriers, default routes and dial plans, from documents to the way of a call."""

from typing import Any

import pytest

from hss.services.routing_tables import ELSEWHERE
from routing.tables import PortingForm
from tests.unit.hss.services.routing_world import World, now, operator, world

NODE = [{"name": "n1", "kind": "mgcf", "host": "n1.example"}]
HERE = operator("here", 2, prefixes=["+49721"], area_code="721", entry_nodes=NODE)


def ask(where: World, called: str, **more: Any) -> Any:
    return now(where.desk.one({"called": called, **more}, "plan", at=0))


def test_a_service_leads_to_the_operator_that_serves_it() -> None:
    services = [{"number": "115"}, {"number": "118", "urn": "urn:service:directory"}]
    where = world(operators=[HERE | {"service_numbers": services}])
    found = ask(where, "115", operator="here")
    assert (found["outcome"]["status"], found["operator"]["name"]) == ("service", "here")
    assert (found["entry"]["node"], found["request_uri"]) == ("n1.example", "tel:115;phone-context=+49")
    assert ask(where, "tel:118;phone-context=+49", kind="uri")["request_uri"] == "urn:service:directory"
    assert ask(where, "116117", operator="here")["outcome"]["sip"] == 404


def test_a_service_is_dialled_as_it_is_in_its_country_alone() -> None:
    swiss = operator("swiss", 2, country_code="41", area_code="44")
    where = world(operators=[HERE | {"service_numbers": [{"number": "118"}]}, operator("other", 1), swiss])
    for dialler in ("here", "other"):
        assert ask(where, "118", operator=dialler)["operator"]["name"] == "here"
    assert ask(where, "118", operator="swiss")["number"]["e164"] == "+4144118"


def test_the_users_of_an_operator_dial_as_its_document_says() -> None:
    plan = {
        "emergency_numbers": ["999"],
        "short_codes": ["7"],
        "carrier_selection_prefixes": ["1011"],
        "phone_contexts": {"+49": "national", "PBX.example": "opaque"},
        "routing_number_length": 3,
        "strict_e164": True,
    }
    where = world(operators=[HERE | plan])
    assert ask(where, "999", operator="here")["request_uri"] == "urn:service:sos"
    assert ask(where, "112", operator="here")["number"]["e164"] == "+49721112"
    assert ask(where, "7", operator="here")["number"]["tel_uri"] == "tel:7;phone-context=+49"
    assert ask(where, "10110721", operator="here")["error"]["code"] == "E_CARRIER_SELECT"
    assert ask(where, "01071", operator="here")["error"] is None
    local = ask(where, "tel:0721-5;phone-context=+49", kind="uri", operator="here")
    assert local["number"]["e164"] == "+497215"
    profile = where.service.current.profiles["here"]
    assert (profile.contexts["pbx.example"], profile.rn_len, profile.strict_e164) == ("opaque", 3, True)


def test_what_a_dial_plan_does_not_say_is_what_a_profile_says() -> None:
    profile = world(operators=[HERE]).service.current.profiles["here"]
    assert (profile.emergency, profile.short_codes) == ({"110", "112"}, {"115", "116117", "19222"})
    assert (profile.carriers, profile.contexts, profile.rn_len, profile.strict_e164) == (("010",), {}, 4, False)


def test_the_default_route_takes_what_nobody_has() -> None:
    transit = operator("transit", 2, home=False, default_route=True)
    where = world(operators=[HERE, transit])
    found = ask(where, "+12015550123")
    assert (found["operator"]["name"], found["operator"]["match"]) == ("transit", "default")
    assert found["outcome"]["status"] == "handed-over"
    assert ask(where, "+497219")["operator"]["name"] == "here"
    assert ask(world(operators=[HERE]), "+12015550123")["outcome"]["sip"] == 404


def test_a_carrier_comes_before_everything_else() -> None:
    carrier = operator("carrier", 2, home=False, carriers=["+1-5062"])
    where = world(operators=[HERE, carrier])
    found = ask(where, "tel:+497219;cic=+15062", kind="uri")
    assert (found["operator"]["name"], found["operator"]["match"]) == ("carrier", "carrier")


def test_a_routing_number_of_ours_leads_to_its_operator() -> None:
    numbers = ["+4917111", "+4917112", "+4917113"]
    codes = ["D15", "+49D15", "D99"]
    ported = [{"number": number, "routing_number": code} for number, code in zip(numbers, codes, strict=True)]
    home = HERE | {"routing_numbers": ["+49D15", "D15"]}
    where = world(operators=[home, operator("mobile", 1, prefixes=["+49171"])], ported_numbers=ported)
    assert [ask(where, number)["operator"]["name"] for number in numbers] == ["here", "here", ELSEWHERE]
    found = ask(where, "tel:+4917119;npdi;rn=+49D15", kind="uri")
    assert (found["operator"]["name"], found["request_uri"]) == ("here", "tel:+4917119;npdi")


@pytest.mark.parametrize(
    ("porting", "request_uri"),
    [
        ("none", "tel:+4917111"),
        ("npdi", "tel:+4917111;npdi"),
        ("rn", "tel:+4917111;npdi;rn=+49D15"),
        (None, "tel:+4917111;npdi;rn=+49D15"),
    ],
)
def test_an_operator_elsewhere_sees_of_portability_what_it_wants(porting: str | None, request_uri: str) -> None:
    wish = {} if porting is None else {"porting": porting}
    away = operator("away", 2, home=False, routing_numbers=["+49D15"], **wish)
    where = world(operators=[away], ported_numbers=[{"number": "+4917111", "routing_number": "+49D15"}])
    assert ask(where, "+4917111")["request_uri"] == request_uri


def test_the_sample_data_serve_short_codes_and_keep_a_place_for_unknown_numbers() -> None:
    where = World().built()
    for called in ("110", "112", "115", "116117", "19222"):
        assert ask(where, called)["operator"]["name"] == "fixed"
    assert ask(where, "+12015550123")["outcome"]["sip"] == 404
    tables = where.service.current.tables
    assert (tables.by_routing_number("D171"), tables.by_routing_number("+49D172")) == ("mobile", "fixed")
    assert {one.porting for name, one in tables.operators.items() if name != ELSEWHERE} == {PortingForm.NONE}
