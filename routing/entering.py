"""Steps 8 and 9: where a call enters its operator, and which I-CSCF it is sent to.

Type 1: a Gateway-MSC asks the HSS by sendRoutingInfo. Type 2: an MGCF translates by itself and picks from the pool.
"""

from typing import Final

from routing.plan import Icscf, Match, Outcome, Step
from routing.ports import RoutingInfo, RoutingInfoAsk, RoutingInfoResult
from routing.selection import Policy, Ranking, rank
from routing.tables import ENTRY_OF, Key
from routing.way import Way

HSS_UNREACHABLE: Final = Outcome("unavailable", 503, 41, why="the HSS cannot be reached")
UNKNOWN_USER: Final = Outcome("unknown", 404, 1, why="the HSS does not know the user")
HANDED_OVER: Final = Outcome("handed-over", why="an operator whose subscribers are not kept here")
ENTRY_DOWN: Final = Outcome("unavailable", 503, 41, why="no entry node can be used")
NO_ICSCF: Final = Outcome("unavailable", 503, 41, why="no I-CSCF can be used")

# What the answer to a Gateway-MSC means for the call; ICSCF goes on.
_OUTCOME_OF: Final[dict[RoutingInfoResult, Outcome]] = {
    RoutingInfoResult.ROAMING_NUMBER: Outcome("circuit-switched"),
    RoutingInfoResult.FORWARDED: Outcome("forwarded"),
    RoutingInfoResult.ABSENT: Outcome("unregistered", 480, 18, why="absent subscriber"),
    RoutingInfoResult.BARRED: Outcome("barred", 403, 21, why="the call is barred"),
    RoutingInfoResult.UNKNOWN: UNKNOWN_USER,
    RoutingInfoResult.NOT_OFFERED: Outcome("unavailable", 503, 41, why="the HSS does not answer the entry node"),
    RoutingInfoResult.UNREACHABLE: HSS_UNREACHABLE,
}
_BY_ICSCF: Final = RoutingInfoResult.ICSCF


def enter(way: Way) -> Outcome | None:
    """Find the entry node of the operator, and what it does to find the I-CSCF (step 8)."""
    operator = way.match.operator
    lost: tuple[tuple[str, str], ...] = ()
    entry = operator.only_entry
    if entry is None or way.down:
        ranking = _entry_ranking(way)
        entry = ENTRY_OF[operator.type]._replace(node=ranking.chosen)
        lost = _left_out(ranking)
    way.entry = entry
    node = entry.node
    if way.query.explain:
        host = None if node is None else node.host
        way.trace.append(Step(8, "entry", operator.name, host, entry.procedure, operator.nature, None, lost))
    if node is None and operator.entries:
        return ENTRY_DOWN
    return None if operator.home else HANDED_OVER


def _entry_ranking(way: Way) -> Ranking:
    entries = way.match.operator.entries
    return rank(entries, Policy.PRIORITY_WEIGHT, way.number.digits, seed=way.query.seed, down=way.down)


def _left_out(ranking: Ranking) -> tuple[tuple[str, str], ...]:
    _, order, excluded = ranking
    if len(order) < 2 and not excluded:
        return ()
    lost = [(entry.member.host, entry.why) for entry in excluded] if excluded else []
    return tuple(lost + [(member.host, f"number {at} in the order") for at, member in enumerate(order[1:], 2)])


def choose_icscf(way: Way) -> Outcome | None:
    """Take the I-CSCF that the HSS names (Type 1), or that the entry node picks (Type 2) (step 9)."""
    operator, digits, query = way.match.operator, way.number.digits, way.query
    policy, ranking = None, None
    if way.entry.hss_query:
        info = _ask(way)
        if query.explain:
            _explain_answer(way, info)
        if info.result is not _BY_ICSCF:
            return _not_by_ims(way, info)
        policy, ranking = info.policy, info.ranking
    if ranking is None:
        policy = operator.pool.policy
        turn = way.state.turn if policy is Policy.ROUND_ROBIN else 0
        ranking = rank(operator.pool.members, policy, digits, seed=query.seed, turn=turn, down=way.down)
    way.icscf = Icscf(ranking, policy, digits, way.state.turn if policy is Policy.ROUND_ROBIN else None)
    if query.explain:
        host = ranking.chosen.host if ranking.chosen else None
        rule = None if policy is None else policy.value
        way.trace.append(Step(9, "icscf", digits, host, rule, None, None, _left_out(ranking)))
    return NO_ICSCF if ranking.chosen is None else None


def _ask(way: Way) -> RoutingInfo:
    if way.query.suppose.hss_unreachable:
        return RoutingInfo(RoutingInfoResult.UNREACHABLE, why="supposed")
    ask = RoutingInfoAsk(way.number.digits, way.query.at, way.query.seed, way.state.turn, way.down)
    return way.state.subscribers.routing_info(ask)


def _explain_answer(way: Way, info: RoutingInfo) -> None:
    chosen = info.ranking.chosen if info.ranking is not None else None
    found = chosen.host if chosen is not None else info.number
    lost = tuple([(entry.member.host, entry.why) for entry in info.excluded])
    way.trace.append(Step(9, "send-routing-info", way.number.digits, found, info.result, info.why, None, lost))


def _not_by_ims(way: Way, info: RoutingInfo) -> Outcome:
    """End at what the HSS told the Gateway-MSC instead of an I-CSCF."""
    outcome = _OUTCOME_OF[info.result]
    if info.number is not None:
        way.request_uri = "tel:+" + info.number
    return outcome if info.why is None else outcome._replace(why=info.why)


def serve(way: Way, key: Key) -> None:
    """Hand a service number to the operator that serves it (step 3)."""
    operator = way.tables.operators[key]
    way.match = Match(key, operator, "service", way.number.digits)
    if operator.entries:
        way.entry = ENTRY_OF[operator.type]._replace(node=_entry_ranking(way).chosen)
