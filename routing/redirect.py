"""A stateless SIP redirect server (RFC 3261 §8.2.7, §8.3): a called number in, the I-CSCFs in order out.

CANCEL gets 200, as §8.3 wants of a redirect server for any that is well-formed. Without state one that crossed our
final answer cannot be told from one that matches nothing, so 481 (§9.2) might be a lie; silence, as §8.2.7 has it for
stateless servers, would make the client repeat it for half a minute. A client that keeps to §9.1 sends none at all, for
it waits for a provisional response, and here there is none.

Request-Disposition (RFC 3841 §9.1) is not read: fork, parallel, queue and recurse speak to the proxy that has the
contacts of the user, and change neither whether somebody is registered nor the order of the I-CSCFs. Nor does
`proxy`: this server never proxies. Route queries take the header (`request_disposition`) and show the plan it makes.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from routing.decision import route
from routing.enum_dns.answers import portable_uri
from routing.enum_dns.naptr import host_port, transport
from routing.normalise import DEFAULT_PROFILE, Kind, Profile
from routing.plan import Plan, Query
from routing.ports import State
from routing.selection import Member
from routing.sip_message import (
    NotARequest,
    Reply,
    Request,
    Silence,
    Unanswered,
    has_tag,
    read_request,
    warning,
    write_reply,
)
from routing.tables import Tables

METHODS: Final = ("INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "INFO", "UPDATE")
_ALLOW: Final = "Allow: " + ", ".join((*METHODS, "ACK", "CANCEL"))
_SERVER: Final = re.compile("sips?:[^@]*\\Z", re.IGNORECASE)  # a URI without a user part
_ABSORBED: Final = Unanswered(Silence.ACK, "an ACK")
_THROUGH_ENTRY: Final = frozenset({"handed-over", "service", "circuit-switched"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectSettings:
    """How the redirect server answers. `host` names it in Warning headers.

    `digits_are_phone` = take a SIP URI that begins with a plus sign for a telephone number also without `user=phone`.
    """

    profile: Profile = DEFAULT_PROFILE
    host: str = "homeward.invalid"
    seed: int = 0
    most_contacts: int = 8
    digits_are_phone: bool = False


def redirect(
    datagram: bytes,
    tables: Tables,
    state: State,
    settings: RedirectSettings,
    *,
    source: tuple[str, int],
    at: float = 0.0,
) -> Reply | Unanswered:
    """Answer one datagram, or say why it gets no answer. Never raises for what a datagram holds."""
    try:
        request = read_request(datagram)
        if request.method == "ACK":
            return _ABSORBED
        if request.fault is not None:
            return write_reply(request, 400, (warning(settings.host, request.fault),), source, request.fault)
        status, extra = _protocol(request) or _redirected(request, tables, state, settings, at)
        return write_reply(request, status, extra, source)
    except NotARequest as error:
        return error.unanswered


def _protocol(request: Request) -> tuple[int, tuple[str, ...]] | None:
    """Refuse what no number could make right; answer an OPTIONS that is meant for the server itself."""
    refusals = (
        (request.version != "2.0", 505, ()),
        (request.method == "CANCEL", 200, ()),
        (request.method not in METHODS, 405, (_ALLOW,)),
        (bool(request.require), 420, (f"Unsupported: {request.require}",)),
        (has_tag(request.to or ""), 481, ()),
        (request.method == "OPTIONS" and _SERVER.match(request.uri) is not None, 200, (_ALLOW,)),
    )
    return next(((status, extra) for is_so, status, extra in refusals if is_so), None)


def _redirected(
    request: Request, tables: Tables, state: State, settings: RedirectSettings, at: float
) -> tuple[int, tuple[str, ...]]:
    query = Query(
        called=_called(request.uri, settings),
        kind=Kind.URI,
        profile=settings.profile,
        at=at,
        seed=settings.seed,
        explain=False,
    )
    plan = route(query, tables, state)
    outcome = plan.outcome
    contacts: list[str] = []
    if outcome.sip is None:
        contacts = _contacts(plan, settings.most_contacts, secure=request.uri[:5].lower() == "sips:")
    if contacts:
        return 302, ("Contact: " + ", ".join(contacts),)
    return outcome.sip or 480, (warning(settings.host, _why(plan)),)


def _why(plan: Plan) -> str:
    """Say why a call ends: the code, then what the rule says and where in the number."""
    outcome, error = plan.outcome, plan.error
    code = outcome.code or outcome.status.upper()
    place = "" if error is None or error.position is None else f" (position {error.position})"
    return f"{code}: {outcome.why}{place}" if outcome.why else code


def _called(uri: str, settings: RedirectSettings) -> str:
    plus = uri.lower().startswith(("sip:+", "sips:+"))
    return f"{uri};user=phone" if settings.digits_are_phone and plus and "user=" not in uri.lower() else uri


def _contacts(plan: Plan, most: int, *, secure: bool) -> list[str]:
    """Write the next places in the order in which they are to be tried, best q first.

    None where the only place known is the number that was called: to redirect to it would be a loop.
    """
    user = (plan.request_uri or "").removeprefix("tel:")
    if plan.icscf is not None:
        members = plan.icscf.ranking.order[:most]
        return [
            f"<{_sip(user, member, secure=secure)}>;q={q_value(at, len(members))}" for at, member in enumerate(members)
        ]
    node, status = plan.entry.node if plan.entry is not None else None, plan.outcome.status
    if node is not None and status in _THROUGH_ENTRY and user != plan.request_uri:
        return [f"<{_sip(user, node, secure=secure)}>"]
    if status == "handed-over" and plan.operator is not None and plan.operator.match != "carrier":
        return [f"<{portable_uri(plan)}>"]  # at least the porting is known
    return [] if status == "circuit-switched" and plan.request_uri == plan.tel_uri else [f"<{plan.request_uri}>"]


@lru_cache(maxsize=256)
def q_value(at: int, of: int) -> str:
    """Spread `of` places evenly over the q values: 1.0, then lower, never 0 (RFC 3261 §20.10, three decimals)."""
    return f"{1 - at / of:.3f}".rstrip("0") if at else "1.0"


def _sip(user: str, member: Member, *, secure: bool) -> str:
    scheme = "sips" if secure else "sip"
    return f"{scheme}:{user}@{host_port(member)};user=phone{transport(member)}"
