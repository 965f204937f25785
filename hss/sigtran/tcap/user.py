"""What passes between TCAP and its user: dialogues, what a user asks of them, and how they end."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from hss.machine import Event
from hss.sigtran.layer import Duty, L
from hss.sigtran.sccp.messages import Unitdata
from hss.sigtran.tcap.components import Component
from hss.sigtran.tcap.dialogue import Portion
from schemas.numbers.tcap import PAbortCause, Tag


class Verb(Enum):
    """What a user asks of a dialogue."""

    BEGIN = Tag.BEGIN
    CONTINUE = Tag.CONTINUE
    END = Tag.END
    ABORT = Tag.ABORT
    FORGET = 0  # end it here without a message


@dataclass(slots=True, kw_only=True, eq=False)
class Dialogue:
    """One dialogue, as both layers see it. `state` belongs to the user.

    `first` is the message that began it, or the one that shows the way to the peer.
    """

    first: Unitdata
    remote: bytes = b""
    local: int | None = None
    context: bytes = b""
    ours: bool = False
    confirmed: bool = False  # the first message back has gone, or has come
    closed: bool = False
    until: float = 0.0
    state: Any = None


@dataclass(slots=True, kw_only=True)
class Request:
    """What a user asks. `components` are octets; `portion` is a whole dialogue portion."""

    verb: Verb
    dialogue: Dialogue
    components: bytes = b""
    portion: bytes = b""
    cause: PAbortCause | None = None  # of an Abort that speaks for the provider
    within_s: float | None = None  # how long the dialogue may wait from now on


class Ending(Enum):
    """How a dialogue ended without an End."""

    P_ABORT = "provider abort"
    U_ABORT = "user abort"
    REFUSED = "refused"
    NOTICE = "returned by the network"
    EXPIRED = "no answer in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Why a dialogue ended; `cause` is a P-Abort cause or a return cause."""

    how: Ending
    cause: int | None = None
    portion: Portion | None = None


class DialogueUser(Protocol[L]):
    """The user of TCAP."""

    def answer_at_once(
        self, portion: Portion | None, components: bytes, *, now: float
    ) -> tuple[bytes, bytes, Event] | None:
        """Answer a dialogue that begins and ends at once: dialogue portion, components, what to report.

        It is what `begin` would answer, short enough for one unitdata; None: nothing was done, `begin` has to do it.
        """
        ...

    def begin(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, now: float
    ) -> Duty[Request, L]:
        """Take a dialogue that the peer begins."""
        ...

    def proceed(
        self, dialogue: Dialogue, portion: Portion | None, components: list[Component], *, last: bool, now: float
    ) -> Duty[Request, L]:
        """Take a Continue, or an End where it is the last."""
        ...

    def ended(self, dialogue: Dialogue, why: Ended, *, now: float) -> Duty[Request, L]:
        """Hear that a dialogue is over without an End."""
        ...

    def resume(self, late: L, *, now: float) -> Duty[Request, L]:
        """Take the result of work that an earlier duty asked for."""
        ...
