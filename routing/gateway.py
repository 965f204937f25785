"""From ISUP IAM to SIP INVITE: what a Gateway-MSC with its SGW, or an MGCF, sends to the I-CSCF (RFC 3398 §8, §12)."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from routing.decision import route
from routing.iam import ALLOWED, FAILED, NETWORK, RESTRICTED, VERIFIED, Calling, Iam, decode_iam
from routing.normalise import DEFAULT_PROFILE, Kind, NumberError, Profile, Stems, in_order, normalise, tel_uri
from routing.plan import NOTHING_SUPPOSED, Plan, Query, Suppose
from routing.ports import State
from routing.selection import Member
from routing.tables import Tables

MAX_FORWARDS: Final = 70  # RFC 3261 §8.1.1.6
ISUP_BODY: Final = "application/ISUP;version=itu-t92+;base=itu-t92+"  # RFC 3204 §3.1
ANONYMOUS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'  # RFC 3323 §4.1
_NO_STEMS: Final = Stems()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The gateway that writes the INVITE. `isup_body` = put the IAM into the body (RFC 3204)."""

    profile: Profile = DEFAULT_PROFILE
    host: str = "gateway.invalid"
    port: int = 5060
    isup_body: bool = False
    at: float = 0.0
    seed: int = 0
    suppose: Suppose = NOTHING_SUPPOSED


class FromIam(NamedTuple):
    """An IAM, the way of its call, and either the INVITE with its next hop, or the cause value of a REL."""

    iam: Iam
    plan: Plan
    invite: bytes | None
    next_hop: Member | None
    release_cause: int | None


def route_iam(
    octets: bytes, tables: Tables, state: State, settings: GatewaySettings, *, with_circuit: bool = False
) -> FromIam:
    """Follow the call of an IAM and write the INVITE of it; raise `DecodeError` where the octets are no IAM."""
    iam = decode_iam(octets, with_circuit=with_circuit)
    called, kind = _called(iam, settings.profile)
    query = Query(
        called=called,
        kind=kind,
        profile=settings.profile,
        at=settings.at,
        seed=settings.seed,
        dipped=iam.translated,
        suppose=settings.suppose,
    )
    plan = route(query, tables, state)
    hop = None if plan.icscf is None else plan.icscf.ranking.chosen
    if hop is None:
        return FromIam(iam, plan, None, None, plan.outcome.isup_cause)
    if kind is Kind.URI and plan.number is not None:
        plan = plan._replace(request_uri=plan.number.tel_uri)  # the routing number goes on with the call
    return FromIam(iam, plan, write_invite(iam, plan, settings), hop, None)


def _called(iam: Iam, profile: Profile) -> tuple[bytes | str, Kind]:
    """Take the called number; of a ported call it is the dialled one with its routing number (RFC 3398 §8.2.1.1)."""
    if iam.ported is None:
        return iam.called_octets, Kind.ISUP_OCTETS
    routing, dialled = iam.called_octets, iam.ported
    for octets in (routing, dialled):
        try:
            normalise(Kind.ISUP_OCTETS, octets, profile, _NO_STEMS)
        except NumberError:
            return octets, Kind.ISUP_OCTETS  # the call ends by what is wrong with it
    return _ported_uri(routing, dialled, profile), Kind.URI


def _ported_uri(routing: bytes, dialled: bytes, profile: Profile) -> str:
    code = normalise(Kind.ISUP_OCTETS, routing, profile, _NO_STEMS)
    number = normalise(Kind.ISUP_OCTETS, dialled, profile, _NO_STEMS)
    values = dict(number.parameters) | {"npdi": None, "rn": code.e164 or code.digits}
    if code.phone_context is not None:
        values["rn-context"] = code.phone_context
    return tel_uri(number.digits, in_order(values), is_global=number.cc is not None)


def write_invite(iam: Iam, plan: Plan, settings: GatewaySettings) -> bytes:
    """Write the INVITE; the same IAM gives the same octets, so that a test can compare them.

    The topmost Via names the transport of the I-CSCF that the plan chose.
    """
    hop = None if plan.icscf is None else plan.icscf.ranking.chosen
    transport = "UDP" if hop is None else hop.transport.upper()
    basis = blake2b(iam.octets + f"|{settings.host}|{settings.seed}".encode(), digest_size=12).hexdigest()
    body = iam.octets if settings.isup_body else b""
    lines = [
        f"INVITE {plan.request_uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {settings.host}:{settings.port};branch=z9hG4bK{basis[:16]}",
        f"Max-Forwards: {MAX_FORWARDS}",
        *_caller(iam.calling, settings.profile, f";tag={basis[16:]}"),
        f"To: <{plan.request_uri}>",
        f"Call-ID: {basis}@{settings.host}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:{settings.host}:{settings.port}>",
    ]
    if body:
        lines += [f"Content-Type: {ISUP_BODY}", "Content-Disposition: signal;handling=optional"]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("ascii", "replace") + body


def _caller(calling: Calling | None, profile: Profile, tag: str) -> list[str]:
    """Say who calls: From as the called user may see it, P-Asserted-Identity as the network knows it (RFC 3325)."""
    uri = calling_uri(calling, profile)
    if uri is None or calling is None:
        return [f"From: {ANONYMOUS}{tag}"]
    shown = f"<{uri}>" if calling.presentation == ALLOWED else ANONYMOUS
    lines = [f"From: {shown}{tag}"]
    if calling.screening in {VERIFIED, NETWORK}:
        lines.append(f"P-Asserted-Identity: <{uri}>")
    if calling.presentation == RESTRICTED:
        lines.append("Privacy: id")
    return lines


def calling_uri(calling: Calling | None, profile: Profile) -> str | None:
    """Write the calling number as a tel URI; None where there is none that could be shown or vouched for."""
    if calling is None or calling.presentation not in {ALLOWED, RESTRICTED} or calling.screening == FAILED:
        return None
    try:
        return normalise(Kind.ISUP, calling.signals, profile, _NO_STEMS).tel_uri
    except NumberError:
        return None
