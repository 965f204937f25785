"""sendRoutingInfo as JSON, with calls of the test's own."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hss.api.map import MapRoutes
from hss.api.openapi import describe
from hss.procedures.map_refusals import AbsentSubscriber, Refusal
from hss.procedures.map_routing_info import Forward, RoutingInfoRequest
from hss.services.lent_numbers import Loan
from hss.services.map import RoutingInfoAnswer
from routing.selection import Member
from schemas.identities import Imsi
from schemas.states import ForwardingCondition

IMSI = "262011234567890"


class Calls:
    """Answers what it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = AbsentSubscriber()
        self.asked: list[RoutingInfoRequest] = []

    def route_call(self, request: RoutingInfoRequest, *, now: float) -> Any:
        assert now > 0
        self.asked.append(request)
        return self.answer

    def resolve_imrn(self, number: str, *, now: float) -> Loan | None:
        return Loan(number, "491715407090", now + 30) if number == "4917990001" else None

    def standing_imrns(self, *, now: float) -> list[Loan]:
        return [Loan("4917990001", "491715407090", now + 30)]


def error_of(refusal: Refusal, version: int) -> tuple[str, int]:
    return f"{refusal.name}-{version}", 27


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
async def api(start: Any, calls: Calls) -> Any:
    return await start(MapRoutes(calls, error_of).routes())


async def ask(api: Any, **body: Any) -> Any:
    answer = await api.ask("POST", "map/send-routing-info", json={"msisdn": "+491715407090"} | body)
    assert answer.status == 200
    found = await answer.json()
    assert (found.pop("msisdn"), found.pop("version")) == ("+491715407090", body.get("version", 3))
    return found


async def test_a_refusal_is_an_answer(api: Any) -> None:
    assert await ask(api, version=2) == {"result": "error", "error": "AbsentSubscriber-2", "error_code": 27}


async def test_an_i_cscf_is_named_with_its_imrn_and_the_others(calls: Calls, api: Any) -> None:
    members = (Member(host="icscf1.ims.example", port=5066), Member(host="icscf2.ims.example"))
    calls.answer = RoutingInfoAnswer(imsi=Imsi(IMSI), imrn="4917990001", icscf=members)
    assert await ask(api) == {
        "result": "ims",
        "imsi": IMSI,
        "imrn": "+4917990001",
        "icscf": {"host": "icscf1.ims.example", "port": 5066},
        "alternatives": [{"host": "icscf2.ims.example", "port": 5060}],
    }
    calls.answer = RoutingInfoAnswer(imsi=None, imrn="4917990001")
    assert await ask(api) == {"result": "ims", "imsi": None, "imrn": "+4917990001"}


async def test_an_answer_may_have_to_wait_for_a_vlr(calls: Calls, api: Any) -> None:
    async def later() -> RoutingInfoAnswer:
        return RoutingInfoAnswer(imsi=Imsi(IMSI), roaming_number="49171000017")

    calls.answer = later()
    assert await ask(api) == {"result": "roaming-number", "imsi": IMSI, "msrn": "+49171000017"}


async def test_a_forwarding_says_whether_it_is_the_voicebox(calls: Calls, api: Any) -> None:
    forward = Forward(number="491713315407090", condition=ForwardingCondition.NOT_REACHABLE, to_voicebox=True)
    calls.answer = RoutingInfoAnswer(imsi=Imsi(IMSI), forward=forward)
    assert await ask(api) == {
        "result": "forwarded",
        "imsi": IMSI,
        "forwarded_to": "+491713315407090",
        "condition": "not-reachable",
        "voicebox": True,
    }


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({}, {}),
        ({"version": 1}, {"understands_names": False}),
        ({"suppress_t_csi": True}, {"circuit_switched_leg": True}),
        ({"forwarding_interrogation": True}, {"circuit_switched_leg": True}),
        (
            {"forwarding_interrogation": True, "forwarding_reason": "no-reply"},
            {"circuit_switched_leg": True, "forwarding": ForwardingCondition.NO_REPLY},
        ),
        ({"suppress_barring": True, "long_numbers": True}, {"suppresses_barring": True, "takes_long_numbers": True}),
    ],
)
async def test_what_is_asked_is_what_map_asks(body: Any, asked: Any, calls: Calls, api: Any) -> None:
    await ask(api, **body)
    (request,) = calls.asked
    assert request.msisdn.digits == "491715407090"
    assert {name: getattr(request, name) for name in asked} == asked
    plain = RoutingInfoRequest(msisdn=request.msisdn)
    others = set(RoutingInfoRequest.__slots__) - set(asked)
    assert all(getattr(request, name) == getattr(plain, name) for name in others)


async def test_imrns_are_listed_and_found(api: Any) -> None:
    found = await (await api.ask("GET", "map/imrns/+49-179-90001")).json()
    assert (found["imrn"], found["msisdn"], round(found["left_s"])) == ("+4917990001", "+491715407090", 30)
    assert [one["imrn"] for one in (await (await api.ask("GET", "map/imrns")).json())["items"]] == ["+4917990001"]
    assert (await api.ask("GET", "map/imrns/+4917990002")).status == 404
    assert (await api.ask("GET", "map/imrns/nobody")).status == 400


async def test_the_description_has_these_routes_where_they_are(api: Any) -> None:
    described = await (await api.ask("GET", "openapi.json")).json()
    OpenAPIV31SpecValidator(described).validate()
    paths = {path for path in described["paths"] if "/map/" in path}
    assert paths == {
        route.resource.canonical for route in api.client.app.router.routes() if "/map/" in str(route.resource)
    }
    assert not [path for path in describe("1", page=1, page_most=1, served=())["paths"] if "/map/" in path]
