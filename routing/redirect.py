"""A stateless SIP redirect server (RFC 3261 §8.2.7, §8.3): a called number in, the I-CSCFs in order out."""

import re
from dataclasses import dataclass
from typing import Final

from routing.decision import route
from routing.enum_dns.naptr import host_port, transport
from routing.normalise import DEFAULT_PROFILE, Kind, Profile
from routing.plan import Plan, Query
from routing.ports import State
from routing.selection import Member
from routing.sip_message import NotARequest, Reply, Request, has_tag, read_request, write_reply
from routing.tables import Tables

METHODS: Final = ("INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "INFO", "UPDATE")
_ALLOW: Final = "Allow: " + ", ".join((*METHODS, "ACK", "CANCEL"))
_SERVER: Final = re.compile("sips?:[^@]*\\Z", re.IGNORECASE)  # a URI without a user part
_SILENT: Final = frozenset({"ACK", "CANCEL"})  # RFC 3261 §8.2.7: a stateless server ignores both


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
) -> Reply | None:
    """Answer one datagram; None where nothing is to be sent. Never raises for what a datagram holds."""
    try:
        request = read_request(datagram)
        if request.method in _SILENT:
            return None
        status, extra = _protocol(request) or _redirected(request, tables, state, settings, at)
        return write_reply(request, status, extra, source)
    except NotARequest:
        return None


def _protocol(request: Request) -> tuple[int, tuple[str, ...]] | None:
    """Refuse what no number could make right; answer an OPTIONS that is meant for the server itself."""
    refusals = (
        (request.fault is not None, 400, ()),
        (request.version != "2.0", 505, ()),
        (request.method not in METHODS, 405, (_ALLOW,)),
        (bool(request.require), 420, (f"Unsupported: {request.require}",)),
        (has_tag(request.to), 481, ()),
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
    if outcome.sip is not None:
        code = outcome.code or outcome.status.upper()
        return outcome.sip, (f'Warning: 399 {settings.host} "{code}"',)
    secure = request.uri[:5].lower() == "sips:"
    return 302, ("Contact: " + ", ".join(_contacts(plan, settings.most_contacts, secure=secure)),)


def _called(uri: str, settings: RedirectSettings) -> str:
    plus = uri.lower().startswith(("sip:+", "sips:+"))
    return f"{uri};user=phone" if settings.digits_are_phone and plus and "user=" not in uri.lower() else uri


def _contacts(plan: Plan, most: int, *, secure: bool) -> list[str]:
    """Write the next places in the order in which they are to be tried, best q first."""
    user = (plan.request_uri or "").removeprefix("tel:")
    if plan.icscf is not None:
        members = plan.icscf.ranking.order[:most]
        return [
            f"<{_sip(user, member, secure=secure)}>;q={q_value(at, len(members))}" for at, member in enumerate(members)
        ]
    node = plan.entry.node if plan.entry is not None else None
    if node is not None and plan.outcome.status in {"handed-over", "service"} and user != plan.request_uri:
        return [f"<{_sip(user, node, secure=secure)}>"]
    return [f"<{plan.request_uri}>"]


def q_value(at: int, of: int) -> str:
    """Spread `of` places evenly over the q values: 1.0, then lower, never 0 (RFC 3261 §20.10, three decimals)."""
    return f"{1 - at / of:.3f}".rstrip("0") if at else "1.0"


def _sip(user: str, member: Member, *, secure: bool) -> str:
    scheme = "sips" if secure else "sip"
    return f"{scheme}:{user}@{host_port(member)};user=phone{transport(member)}"
