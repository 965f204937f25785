import hashlib
import math
from collections import Counter

import pytest

from routing.selection import ADMIN_DOWN, Member, Policy, rank

NODES = [Member(host=f"icscf{at}.ims.example", weight=weight) for at, weight in enumerate((10, 10, 10, 20, 50))]
KEYS = [f"4917154{number:06d}" for number in range(20_000)]


def hosts(members):
    return [member.host for member in members]


@pytest.mark.parametrize("policy", [Policy.RENDEZVOUS, Policy.PRIORITY_WEIGHT])
def test_shares_follow_the_weights(policy):
    chosen = Counter(rank(NODES, policy, key, seed=7).chosen for key in KEYS)
    for node in NODES:
        assert chosen[node] / len(KEYS) == pytest.approx(node.weight / 100, abs=0.012)


def test_only_the_keys_of_a_lost_node_move():
    before = {key: rank(NODES, Policy.RENDEZVOUS, key).chosen for key in KEYS}
    left = NODES[1:]
    for key, node in before.items():
        if node is not NODES[0]:
            assert rank(left, Policy.RENDEZVOUS, key).chosen is node


def test_the_successor_of_a_lost_node_is_the_second_of_the_order():
    for key in KEYS[:200]:
        first, second, *_ = rank(NODES, Policy.RENDEZVOUS, key).order
        assert rank(NODES, Policy.RENDEZVOUS, key, down={first.host: "probe-failed"}).chosen is second


def test_the_rendezvous_is_fixed_for_ever():
    # a change of this order moves the subscribers of every test bed
    def score(node):
        drawn = int(hashlib.blake2b(f"497219578290|{node.host}".encode(), digest_size=8).hexdigest(), 16)
        return -node.weight / math.log((drawn + 0.5) / 2**64)

    order = rank(NODES, Policy.RENDEZVOUS, "497219578290").order
    assert list(order) == sorted(NODES, key=score, reverse=True)
    assert hosts(order) == [f"icscf{at}.ims.example" for at in (4, 3, 1, 0, 2)]


@pytest.mark.parametrize("policy", list(Policy))
def test_every_usable_member_is_in_the_order_once(policy):
    for turn, key in enumerate(KEYS[:100]):
        ranking = rank(NODES, policy, key, seed=3, turn=turn)
        assert sorted(hosts(ranking.order)) == hosts(NODES)
        assert ranking.chosen is ranking.order[0]
        assert ranking.excluded == ()
        assert ranking == rank(NODES, policy, key, seed=3, turn=turn)


@pytest.mark.parametrize("policy", list(Policy))
def test_lower_priority_values_come_first_and_weight_0_last_within_one(policy):
    members = [
        Member(host="backup", priority=1),
        Member(host="idle", weight=0),
        Member(host="work", weight=1),
        Member(host="idle2", weight=0),
    ]
    for turn, key in enumerate(KEYS[:100]):
        order = hosts(rank(members, policy, key, turn=turn).order)
        assert order[0] == "work"
        assert set(order[1:3]) == {"idle", "idle2"}
        assert order[3] == "backup"


@pytest.mark.parametrize("policy", [Policy.RENDEZVOUS, Policy.PRIORITY_WEIGHT])
def test_members_without_weight_share_evenly(policy):
    idle = [Member(host=f"idle{at}", weight=0) for at in range(4)]
    chosen = Counter(rank(idle, policy, key).chosen for key in KEYS[:8000])
    assert all(count / 8000 == pytest.approx(0.25, abs=0.02) for count in chosen.values())


@pytest.mark.parametrize("policy", list(Policy))
def test_a_member_that_is_down_is_never_chosen(policy):
    members = [Member(host="a", weight=100, up=False), Member(host="B"), Member(host="c")]
    ranking = rank(members, policy, "49", down={"b": "supposed-down"})
    assert hosts(ranking.order) == ["c"]
    assert [(entry.member.host, entry.why) for entry in ranking.excluded] == [("a", ADMIN_DOWN), ("B", "supposed-down")]


def test_nobody_left_is_an_answer():
    ranking = rank([Member(host="a", up=False)], Policy.RENDEZVOUS, "49")
    assert (ranking.chosen, ranking.order, len(ranking.excluded)) == (None, (), 1)
    assert rank([], Policy.STATIC, "49").chosen is None


def test_round_robin_takes_turns_by_weight():
    members = [Member(host="a", weight=10), Member(host="b", weight=20)]
    firsts = [rank(members, Policy.ROUND_ROBIN, "", turn=turn).order[0].host for turn in range(6)]
    assert firsts == ["a", "b", "b", "a", "b", "b"]
    assert hosts(rank(members, Policy.ROUND_ROBIN, "", turn=1).order) == ["b", "a"]


def test_another_seed_draws_another_order():
    drawn = {tuple(hosts(rank(NODES, Policy.PRIORITY_WEIGHT, "49", seed=seed).order)) for seed in range(50)}
    assert len(drawn) > 5


def test_nodes_of_one_host_are_told_apart_by_port_and_transport():
    members = [Member(host="h"), Member(host="h", port=5070), Member(host="h", transport="tcp")]
    chosen = Counter(rank(members, Policy.RENDEZVOUS, key).chosen for key in KEYS[:3000])
    assert all(count > 800 for count in chosen.values())


@pytest.mark.parametrize("field", ["port", "priority", "weight"])
@pytest.mark.parametrize("number", [-1, 65536])
def test_numbers_that_no_srv_record_carries_are_refused(field, number):
    with pytest.raises(ValueError, match=f"{field} of h "):
        Member(host="h", **{field: number})
