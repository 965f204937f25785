from hss.api.limits import RateLimit


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    limit = RateLimit(per_s=10, burst=3, peers=8)
    assert [limit.wait_s("a", now=0) for _ in range(3)] == [0, 0, 0]
    assert limit.wait_s("a", now=0) == 0.1
    assert limit.wait_s("a", now=0.1) == 0
    assert limit.wait_s("a", now=0.1) > 0


def test_peers_do_not_share_and_a_clock_that_goes_back_gives_nothing() -> None:
    limit = RateLimit(per_s=1, burst=1, peers=8)
    assert limit.wait_s("a", now=5) == 0
    assert limit.wait_s("b", now=5) == 0
    assert limit.wait_s("a", now=1) == 1


def test_tokens_do_not_pile_up_beyond_the_burst() -> None:
    limit = RateLimit(per_s=1, burst=2, peers=8)
    limit.wait_s("a", now=0)
    assert [limit.wait_s("a", now=1000) for _ in range(3)] == [0, 0, 1]


def test_the_table_is_bounded_and_forgets_who_was_silent_longest() -> None:
    limit = RateLimit(per_s=0.001, burst=1, peers=2)
    for peer in ("a", "b", "a", "c"):
        limit.wait_s(peer, now=0)
    assert limit.wait_s("a", now=0) > 0
    assert limit.wait_s("b", now=0) == 0
