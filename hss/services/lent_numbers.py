"""Numbers that are lent for a while: roaming numbers of the emulated VLR, and numbers that lead into IMS."""

from collections import deque
from typing import Final, NamedTuple

from schemas.identities import MOST_DIGITS

LIFETIME_S: Final = 60.0
SERIAL_DIGITS: Final = 5


class Loan(NamedTuple):
    """A number, for whom it stands, and until when."""

    number: str
    owner: str
    until: float


class LentNumbers:
    """Numbers of one prefix: each stands for just one owner during its lifetime, and is found again by its digits.

    They are lent in turn, so one comes back as late as possible. Memory is bounded by the count of numbers.
    """

    def __init__(
        self, prefix: str, *, serial_digits: int = SERIAL_DIGITS, lifetime_s: float = LIFETIME_S, first: int = 0
    ) -> None:
        if not (prefix.isascii() and prefix.isdecimal()) or len(prefix) + serial_digits > MOST_DIGITS:
            raise ValueError(f"a prefix of lent numbers has at most {MOST_DIGITS - serial_digits} digits: {prefix!r}")
        self.prefix: Final = prefix
        self.digits: Final = len(prefix) + serial_digits  # of each number
        self._serial = f"0{serial_digits}d"
        self._size = 10**serial_digits
        self._lifetime_s = lifetime_s
        self._next = first % self._size
        self._loans: dict[str, Loan] = {}
        self._oldest: deque[Loan] = deque()

    def __len__(self) -> int:
        """Count the numbers that are out, or whose end nobody has noticed yet."""
        return len(self._loans)

    def lend(self, owner: str, *, now: float) -> str | None:
        """Lend a number; None: all are out."""
        oldest = self._oldest
        while oldest and oldest[0].until <= now:
            del self._loans[oldest.popleft().number]
        if len(self._loans) >= self._size:
            return None
        number = f"{self.prefix}{self._next:{self._serial}}"
        self._next = (self._next + 1) % self._size
        loan = Loan(number, owner, now + self._lifetime_s)
        self._loans[number] = loan
        oldest.append(loan)
        return number

    def find(self, number: str, *, now: float) -> Loan | None:
        """Find for whom a number stands; None: for nobody now."""
        loan = self._loans.get(number)
        return loan if loan is not None and loan.until > now else None

    def standing(self, *, now: float) -> list[Loan]:
        """List the numbers that are out, oldest first."""
        return [loan for loan in self._oldest if loan.until > now]
