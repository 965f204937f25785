"""Bounds on callers: how often each peer address may ask, and how much may go on at once. No clock: `now` is given."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimit:
    """A token bucket for each peer; the table is bounded, the peer that was silent longest is forgotten."""

    def __init__(self, *, per_s: float, burst: int, peers: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._peers = peers
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, peer: str, *, now: float) -> float:
        """Take a token; 0, or how long `peer` has to wait for the next one."""
        bucket = self._buckets.get(peer)
        if bucket is None:
            bucket = self._buckets[peer] = _Bucket(self._burst, now)
            if len(self._buckets) > self._peers:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(peer)
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.filled_at) * self._per_s)
        bucket.filled_at = now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self._per_s
        bucket.tokens -= 1.0
        return 0.0
