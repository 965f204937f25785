"""A plan as plain values (for JSON) and as lines for people. Nothing is decided here."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from routing.contacts import Branch, ForkPlan
from routing.normalise import Number, Signals
from routing.plan import Plan, Query, Step
from routing.preferences import INDIFFERENT


def as_dict(plan: Plan) -> dict[str, Any]:
    """Write a plan as JSON values; the octets of equal plans are equal."""
    return {
        "query": _query(plan.query),
        "table": {"generation": plan.generation, "sha256": plan.sha256},
        "number": None if plan.number is None else number_dict(plan.number),
        "error": _error(plan),
        "portability": None if plan.portability is None else plan.portability._asdict(),
        "operator": _operator(plan),
        "entry": _entry(plan),
        "tel_uri": plan.tel_uri,
        "request_uri": plan.request_uri,
        "icscf": _icscf(plan),
        "location": _location(plan),
        "irs": _identities(plan),
        "fork": None if plan.fork is None else fork_dict(plan.fork),
        "outcome": plan.outcome._asdict(),
        "trace": [step_dict(step) for step in plan.trace],
    }


def number_dict(number: Number) -> dict[str, Any]:
    """Write a number; `complete` is true or "unknown"."""
    return {
        "kind": number.kind,
        "digits": number.digits,
        "e164": number.e164,
        "cc": number.cc,
        "tel_uri": number.tel_uri,
        "enum": number.enum,
        "complete": number.complete or "unknown",
        "ddi_stem": number.ddi_stem,
        "ddi_ext": number.ddi_ext,
        "ext": number.ext,
        "isub": number.isub,
        "npdi": number.npdi,
        "rn": number.rn,
        "cic": number.cic,
        "phone_context": number.phone_context,
        "service": number.service,
        "route_status": number.route_status,
        "sip_host": number.sip_host,
        "st": number.st,
        "rule": number.rule,
        "warnings": [str(warning) for warning in number.warnings],
    }


def step_dict(step: Step) -> dict[str, Any]:
    """Write a step of the trace; what it does not say is left out."""
    number, what, given, out, rule, why, probes, lost = step
    found: dict[str, Any] = {"step": number, "what": what}
    said = (("in", given), ("out", out), ("rule", rule), ("why", why), ("probes", probes))
    found |= {name: value for name, value in said if value is not None}
    if lost:
        found["lost"] = [{"candidate": candidate, "why": reason} for candidate, reason in lost]
    return found


def fork_dict(fork: ForkPlan) -> dict[str, Any]:
    """Write a forking plan with what is to be expected of it; q as a number from 0 to 1."""
    together = fork.cancel
    return {
        "mode": fork.mode.value,
        "decided_by": fork.decided_by,
        "request_disposition": fork.disposition,
        "ring_s": fork.ring_s,
        "max_targets": fork.max_targets,
        "groups": [
            {
                "n": group.n,
                "start": f"t0+{group.start_s}" if group.start_s else "t0",
                "start_s": group.start_s,
                "branches": [_branch(branch) for branch in group.branches],
            }
            for group in fork.groups
        ],
        "dropped": [entry._asdict() for entry in fork.dropped],
        "expect": {
            "invites": len(fork.branches),
            "invites_per_pcscf": fork.invites_per_pcscf,
            "ends_s": None if fork.ring_s is None else fork.ring_s * len(fork.groups),
            "on_2xx": "cancel-others" if together else "leave-others",
            "on_6xx": "cancel-others-no-new-branches",
            "ring_limit": "cancel-when-provisional",
            "all_failed": "best-response",
            "nobody_registered": 480,
        },
    }


def _branch(branch: Branch) -> dict[str, Any]:
    return {
        "id": branch.id,
        "contact": branch.contact,
        "q": branch.q / 1000,
        "path": list(branch.path),
        "next_hop": branch.next_hop,
        "instance": branch.instance,
        "device": branch.device,
    }


def _query(query: Query) -> dict[str, Any]:
    suppose = query.suppose
    return {
        "called": called_value(query),
        "kind": str(query.kind),
        "profile": query.profile.name,
        "at": _moment(int(query.at)),
        "seed": query.seed,
        "fork": query.mode.value if query.mode else None,
        "request_disposition": None if query.wishes is INDIFFERENT else query.wishes.disposition,
        "trusted": query.trusted,
        "dipped": query.dipped,
        "follow": query.follow,
        "suppose": {
            "down": sorted(suppose.down),
            "scscf_unset": suppose.scscf_unset,
            "nobody_registered": suppose.nobody_registered,
            "hss_unreachable": suppose.hss_unreachable,
        },
    }


@lru_cache(maxsize=64)
def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def called_value(query: Query) -> Any:  # noqa: ANN401 - JSON has no other name for it
    """Write what was called in a form that JSON has."""
    called = query.called
    if isinstance(called, Signals):
        return called._asdict()
    return dict(called) if isinstance(called, Mapping) else query.shown


def _error(plan: Plan) -> dict[str, Any] | None:
    error = plan.error
    if error is None:
        return None
    return {
        "code": error.code.value,
        "why": error.why,
        "position": error.position,
        "rule": error.rule,
        "sip_status": error.sip_status,
        "isup_cause": error.isup_cause,
    }


def _operator(plan: Plan) -> dict[str, Any] | None:
    match = plan.operator
    if match is None:
        return None
    return {
        "id": match.key,
        "name": match.operator.name,
        "type": match.operator.type,
        "home": match.operator.home,
        "matched": match.matched,
        "match": match.match,
        "also_matched": list(match.also_matched),
    }


def _entry(plan: Plan) -> dict[str, Any] | None:
    entry = plan.entry
    return None if entry is None else entry._asdict() | {"node": entry.node.host if entry.node else None}


def _icscf(plan: Plan) -> dict[str, Any] | None:
    if plan.icscf is None:
        return None
    ranking, policy, key, turn = plan.icscf
    return {
        "chosen": ranking.chosen.host if ranking.chosen else None,
        "policy": policy.value if policy else None,
        "turn": turn,
        "key": key,
        "ranking": [member.host for member in ranking.order],
        "excluded": [{"node": entry.member.host, "why": entry.why} for entry in ranking.excluded],
    }


def _location(plan: Plan) -> dict[str, Any] | None:
    if plan.location is None:
        return None
    return {"procedure": "LIR/LIA", "public_identity": plan.tel_uri, **plan.location._asdict()}


def _identities(plan: Plan) -> dict[str, Any] | None:
    found = plan.identities
    if found is None:
        return None
    return {
        "id": found.id,
        "default": found.default,
        "identities": list(found.members),
        "barred": list(found.barred),
    }


def lines(plan: Plan) -> Iterator[str]:
    """Tell the way of the call to a person, one fact per line."""
    number, match, entry, icscf, fork = plan.number, plan.operator, plan.entry, plan.icscf, plan.fork
    yield f"called      {plan.query.shown}"
    if plan.error is not None:
        place = "" if plan.error.position is None else f", at position {plan.error.position}"
        yield f"error       {plan.error.code}: {plan.error.why} ({plan.error.rule}{place})"
    if number is not None:
        known = "complete" if number.complete else "completeness unknown"
        yield f"number      {number.e164 or number.tel_uri} ({known})"
        yield from (f"warning     {warning}" for warning in number.warnings)
    if plan.portability is not None:
        yield f"ported      {_yes(plan.portability.ported)}{_by(plan.portability.rn)}"
    if match is not None:
        what = f"{match.match} {match.matched}".rstrip()
        yield f"operator    {match.operator.name}, type {match.operator.type} ({what})"
    if entry is not None:
        node = entry.node.host if entry.node else "none"
        yield f"entry       {node}, {entry.function}, HSS query: {_yes(entry.hss_query)}"
    if plan.request_uri is not None:
        yield f"request     {plan.request_uri}"
    if icscf is not None:
        policy = icscf.policy.value if icscf.policy else "as the HSS says"
        yield f"I-CSCF      {' '.join(member.name for member in icscf.ranking.order) or 'none'} ({policy})"
        yield from (f"  not       {left.member.host}: {left.why}" for left in icscf.ranking.excluded)
    if plan.location is not None:
        yield f"S-CSCF      {plan.location.scscf or 'none'} (result {plan.location.result})"
    if fork is not None:
        yield from fork_lines(fork)
    outcome = plan.outcome
    codes = "" if outcome.sip is None else f" {outcome.sip}, cause {outcome.isup_cause}"
    yield f"outcome     {outcome.status}{codes}{'' if outcome.why is None else f': {outcome.why}'}"


def fork_lines(fork: ForkPlan) -> Iterator[str]:
    """Tell a forking plan to a person."""
    count = len(fork.branches)
    yield f"fork        {fork.mode} (by {fork.decided_by}), {count} INVITE{'s' if count != 1 else ''}"
    for group in fork.groups:
        for branch in group.branches:
            yield f"  {branch.id:<4}t0+{group.start_s:<4} {branch.contact} by {branch.next_hop} q={branch.q / 1000:g}"
    yield from (f"  not       {entry.contact}: {entry.why}" for entry in fork.dropped)


def trace_lines(plan: Plan) -> Iterator[str]:
    """Tell each step of the decision to a person: rule, outcome, and the candidates that lost."""
    for step in plan.trace:
        rule = "" if step.rule is None else f" [{step.rule}]"
        why = "" if step.why is None else f" ({step.why})"
        yield f"{step.step:>2} {step.what:<18} {step.given or '-'} -> {step.found or '-'}{rule}{why}"
        yield from (f"     lost: {candidate}: {reason}" for candidate, reason in step.lost)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _by(code: str | None) -> str:
    return "" if code is None else f", routing number {code}"
