"""Why a MAP operation is refused, in words of the domain. The table of MAP gives each one its error and parameter.

A refusal is a value and not an exception: it is an answer like any other, and the JSON query and the routing plan
show it too.
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.states import IncomingBarring


class Absence(StrEnum):
    """Why a subscriber is absent, where that is known."""

    UNKNOWN = "unknown"
    DETACHED = "detached"
    RESTRICTED_AREA = "restricted-area"
    NO_PAGE_RESPONSE = "no-page-response"
    PURGED = "purged"


class Failing(StrEnum):
    """Where a system failed."""

    HLR = "hlr"
    VLR = "vlr"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal; each subclass is one reason."""

    @property
    def name(self) -> str:
        """The reason as one word for people and logs."""
        return type(self).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSubscriber(Refusal):
    """No such subscriber; `ported_mismatch`: number portability data disagree."""

    ported_mismatch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBarred(Refusal):
    """Incoming calls are barred by the operator or by a service."""

    by: IncomingBarring


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentSubscriber(Refusal):
    """Nobody can be reached."""

    why: Absence = Absence.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentForShortMessage(Refusal):
    """No short message can be delivered now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusySubscriber(Refusal):
    """Forwarding on busy was asked for, and is not active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSubscriberReply(Refusal):
    """Forwarding on no reply was asked for, and is not active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingViolation(Refusal):
    """The forwarded-to number cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityNotSupported(Refusal):
    """What was asked for is not supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeleserviceNotProvisioned(Refusal):
    """The subscriber does not have the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimalRoutingNotAllowed(Refusal):
    """Optimal routeing was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterrogationNotAllowed(Refusal):
    """Who asks may not ask at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMissing(Refusal):
    """An optional element that the request needs is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedData(Refusal):
    """An element has a value that makes no sense here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFailure(Refusal):
    """Something on our side, or behind it, does not work."""

    where: Failing = Failing.HLR
