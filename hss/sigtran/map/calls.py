"""Operations that this side invokes: what is asked, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass

from hss.sigtran.tcap.user import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The result came; there are several parameters where the result was cut."""

    version: int
    parameters: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The error `code` came; None: one without a local code."""

    version: int
    code: int | None
    parameter: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The peer did not understand the component; `kind` is the tag of the problem."""

    kind: int
    problem: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer came; `cause` is a P-Abort cause or a return cause, `offered` the version that the peer has."""

    how: Ending
    cause: int | None = None
    offered: int | None = None


Outcome = Completed | Failed | Rejected | Lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation to invoke. `write` gives the parameter of a version; `done` hears how it ended, once.

    `called` and `calling` are SCCP addresses in octets. From `version` down to `lowest` the dialogue is tried again
    where the peer has an older version only.
    """

    context: int
    operation: int
    version: int
    write: Callable[[int], bytes]
    called: bytes
    calling: bytes
    done: Callable[[Outcome], None]
    lowest: int = 1
    within_s: float = 15.0  # TS 29.002 §17.1.2, timer m: 15 to 30 s
    return_on_error: bool = True
    invoke_id: int = 1
