"""sendRoutingInfo as JSON, for test beds without an SS7 network; and what an IMRN stands for.

The same service answers as over MAP: a number that is lent here is taken from the same pool.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, Final, Protocol, Self, TypeAlias

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hss.api.bodies import json_body, validated
from hss.api.problems import BAD_REQUEST, field_problem
from hss.api.resources import ROOT, parameters
from hss.procedures.map_refusals import Refusal
from hss.procedures.map_routing_info import Forward, RoutingInfoRequest
from hss.services.administration import NotFound
from hss.services.lent_numbers import Loan
from hss.services.map import RoutingInfoAnswer
from routing.selection import Member
from schemas.fields import Number
from schemas.identities import IdentityError, Msisdn
from schemas.states import ForwardingCondition

SEND_ROUTING_INFO: Final = f"{ROOT}/map/send-routing-info"
IMRNS: Final = f"{ROOT}/map/imrns"
CONDITIONAL: Final = (ForwardingCondition.NOT_REACHABLE, ForwardingCondition.BUSY, ForwardingCondition.NO_REPLY)

ErrorOf: TypeAlias = Callable[[Refusal, int], tuple[str, int]]


class Calls(Protocol):
    """What serves calls."""

    def route_call(
        self, request: RoutingInfoRequest, *, now: float
    ) -> RoutingInfoAnswer | Refusal | Awaitable[RoutingInfoAnswer | Refusal]:
        """Serve sendRoutingInfo."""
        ...

    def resolve_imrn(self, number: str, *, now: float) -> Loan | None:
        """Find for whom an IMRN stands."""
        ...

    def standing_imrns(self, *, now: float) -> list[Loan]:
        """List the IMRNs that are out."""
        ...


class SendRoutingInfo(BaseModel):
    """What a Gateway-MSC may ask; the names are those of `hss query sri`."""

    model_config = ConfigDict(extra="forbid")

    msisdn: Number
    version: Annotated[int, Field(ge=1, le=3)] = 3
    forwarding_interrogation: bool = False
    forwarding_reason: ForwardingCondition | None = None
    suppress_t_csi: bool = False
    suppress_barring: bool = False
    long_numbers: bool = False

    @model_validator(mode="after")
    def _has_a_version(self) -> Self:
        more = (self.forwarding_interrogation, self.suppress_t_csi, self.suppress_barring, self.long_numbers)
        if self.version < 3 and any(more):
            raise ValueError("only version 3 can ask more than a number")
        if self.forwarding_reason is not None and not self.forwarding_interrogation:
            raise ValueError("forwarding_reason goes with forwarding_interrogation")
        if self.forwarding_reason is ForwardingCondition.UNCONDITIONAL:
            raise ValueError(f"forwarding_reason must be one of {', '.join(CONDITIONAL)}")
        return self

    def request(self) -> RoutingInfoRequest:
        """Make what the service is asked."""
        return RoutingInfoRequest(
            msisdn=Msisdn(self.msisdn[1:]),
            forwarding=self.forwarding_reason,
            circuit_switched_leg=self.forwarding_interrogation or self.suppress_t_csi,
            suppresses_barring=self.suppress_barring,
            takes_long_numbers=self.long_numbers,
            understands_names=self.version >= 3,
        )


class MapRoutes:
    """The routes of MAP as JSON. `error_of` names the MAP error of a refusal in a version."""

    def __init__(self, calls: Calls, error_of: ErrorOf) -> None:
        self._calls = calls
        self._error_of = error_of

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        yield web.post(SEND_ROUTING_INFO, self.send_routing_info)
        yield web.get(IMRNS, self.imrns)
        yield web.get(f"{IMRNS}/{{number}}", self.imrn)

    async def send_routing_info(self, request: web.Request) -> web.Response:
        """Answer as MAP sendRoutingInfo; a MAP error is an answer, too."""
        parameters(request)
        asked = validated(SendRoutingInfo, await json_body(request))
        served = self._calls.route_call(asked.request(), now=_now())
        answer = await served if isinstance(served, Awaitable) else served
        head = {"msisdn": asked.msisdn, "version": asked.version}
        if isinstance(answer, Refusal):
            name, code = self._error_of(answer, asked.version)
            return web.json_response(head | {"result": "error", "error": name, "error_code": code})
        return web.json_response(head | _described(answer))

    async def imrns(self, request: web.Request) -> web.Response:
        """List the IMRNs that stand, oldest first."""
        parameters(request)
        now = _now()
        return web.json_response({"items": [_loan(loan, now) for loan in self._calls.standing_imrns(now=now)]})

    async def imrn(self, request: web.Request) -> web.Response:
        """Say for whom an IMRN stands."""
        parameters(request)
        text = request.match_info["number"]
        try:
            digits = Msisdn.parse(text).digits
        except IdentityError as error:
            raise field_problem(BAD_REQUEST, "number", str(error), text[:200]) from error
        now = _now()
        loan = self._calls.resolve_imrn(digits, now=now)
        if loan is None:
            raise NotFound(f"+{digits} stands for nobody now.")
        return web.json_response(_loan(loan, now))


def _described(answer: RoutingInfoAnswer) -> dict[str, Any]:
    imsi = None if answer.imsi is None else answer.imsi.digits
    if answer.forward is not None:
        return {"result": "forwarded", "imsi": imsi, **_forward(answer.forward)}
    if answer.roaming_number is not None:
        return {"result": "roaming-number", "imsi": imsi, "msrn": f"+{answer.roaming_number}"}
    named = _icscfs(answer.icscf) if answer.icscf else {}
    lent = {} if answer.imrn is None else {"imrn": f"+{answer.imrn}"}
    return {"result": "ims", "imsi": imsi, **lent, **named}


def _forward(forward: Forward) -> dict[str, Any]:
    return {
        "forwarded_to": f"+{forward.number}",
        "condition": forward.condition.value,
        "voicebox": forward.to_voicebox,
    }


def _icscfs(order: tuple[Member, ...]) -> dict[str, Any]:
    first, *others = order
    return {
        "icscf": {"host": first.host, "port": first.port},
        "alternatives": [{"host": other.host, "port": other.port} for other in others],
    }


def _loan(loan: Loan, now: float) -> dict[str, Any]:
    return {"imrn": f"+{loan.number}", "msisdn": f"+{loan.owner}", "left_s": round(loan.until - now, 1)}


def _now() -> float:
    return asyncio.get_running_loop().time()
