"""When to connect again after a loss."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class BackOff:
    """Waits that double from `first_s` to `longest_s`; chance comes as an argument."""

    first_s: float = 1.0
    longest_s: float = 60.0
    failures: int = 0

    def failed(self, *, jitter: float = 0.0) -> float:
        """Count a failure and say how many seconds to wait; `jitter` from -1 to 1 moves it by up to a quarter."""
        wait_s = min(self.first_s * 2.0 ** min(self.failures, 30), self.longest_s)
        self.failures += 1
        return wait_s * (1.0 + jitter / 4)

    def succeeded(self) -> None:
        """Begin with the shortest wait again."""
        self.failures = 0
