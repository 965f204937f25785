"""What can go wrong on Diameter, and the one table that turns it into a result code.

DiameterError
+ RemoteError              the peer sent what the specification forbids; the answer says so
  + CommandUnsupported     3001
  + UnableToDeliver        3002
  + RealmNotServed         3003
  + TooBusy                3004
  + LoopDetected           3005
  + ApplicationUnsupported 3007
  + InvalidHeaderBits      3008
  + InvalidAvpBits         3009
  + UnknownPeer            3010
  + AvpUnsupported         5001
  + InvalidAvpValue        5004
  + MissingAvp             5005
  + TooManyAvps            5009
  + NoCommonApplication    5010
  + UnsupportedVersion     5011
  + TooMuchWork            5012
  + ReservedHeaderBit      5013
  + InvalidAvpLength       5014
  + InvalidMessageLength   5015
  + NoCommonSecurity       5017
+ LocalError               we tried to send what the specification forbids: a defect of ours
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from hss.procedures.errors import (
    FeaturesUnsupported,
    IdentityNotRegistered,
    RegistrationBroken,
    UserUnknown,
)
from schemas.numbers.cx import CxResult
from schemas.numbers.diameter import VENDOR_3GPP, BaseResult


class DiameterError(Exception):
    """Anything that goes wrong with Diameter."""


class RemoteError(DiameterError):
    """The peer sent what the specification forbids; `failed` is what Failed-AVP has to hold, in octets."""

    def __init__(self, why: str, failed: bytes = b"") -> None:
        super().__init__(why)
        self.why = why
        self.failed = failed


class LocalError(DiameterError):
    """We tried to send what the specification forbids."""


class CommandUnsupported(RemoteError):
    """The application has no such command."""


class UnableToDeliver(RemoteError):
    """The request is for another host."""


class RealmNotServed(RemoteError):
    """The request is for another realm."""


class TooBusy(RemoteError):
    """More requests of this peer are open than allowed."""


class LoopDetected(RemoteError):
    """The request was here before."""


class ApplicationUnsupported(RemoteError):
    """The application is not served, or was not advertised to this peer."""


class InvalidHeaderBits(RemoteError):
    """Command flags that the command does not allow."""


class InvalidAvpBits(RemoteError):
    """Reserved flags of an AVP are set."""


class UnknownPeer(RemoteError):
    """The Origin-Host is not one of the known peers."""


class AvpUnsupported(RemoteError):
    """An unknown AVP has to be understood."""


class InvalidAvpValue(RemoteError):
    """The value of an AVP is not one of its type."""


class MissingAvp(RemoteError):
    """A required AVP is absent."""


class TooManyAvps(RemoteError):
    """An AVP occurs more often than allowed."""


class NoCommonApplication(RemoteError):
    """The peer offers no application that we serve."""


class UnsupportedVersion(RemoteError):
    """The version of the message is not 1."""


class TooMuchWork(RemoteError):
    """The message has too many AVPs, or groups nested too deep."""


class ReservedHeaderBit(RemoteError):
    """A reserved command flag is set."""


class InvalidAvpLength(RemoteError):
    """The length of an AVP does not fit its type, its group or the message."""


class InvalidMessageLength(RemoteError):
    """The length of the message is not what its header says."""


class NoCommonSecurity(RemoteError):
    """The peer wants a security mechanism that is not offered."""


class Outcome(NamedTuple):
    """A result code: with a vendor an Experimental-Result, without one a Result-Code (RFC 6733 7.6)."""

    code: int
    vendor: int = 0

    @property
    def is_protocol_error(self) -> bool:
        """Tell whether the answer has the E bit (RFC 6733 7.1.3)."""
        return not self.vendor and 3000 <= self.code < 4000

    @property
    def is_success(self) -> bool:
        """Tell a success (RFC 6733 7.1.2)."""
        return 2000 <= self.code < 3000


def _base(code: BaseResult) -> Outcome:
    return Outcome(int(code))


def _tgpp(code: CxResult) -> Outcome:
    return Outcome(int(code), VENDOR_3GPP)


SUCCESS: Final = _base(BaseResult.SUCCESS)
UNABLE_TO_COMPLY: Final = _base(BaseResult.UNABLE_TO_COMPLY)
USER_UNKNOWN: Final = _tgpp(CxResult.ERROR_USER_UNKNOWN)
UNREGISTERED_SERVICE: Final = _tgpp(CxResult.UNREGISTERED_SERVICE)

OUTCOME_OF: Final[Mapping[type[Exception], Outcome]] = {
    CommandUnsupported: _base(BaseResult.COMMAND_UNSUPPORTED),
    UnableToDeliver: _base(BaseResult.UNABLE_TO_DELIVER),
    RealmNotServed: _base(BaseResult.REALM_NOT_SERVED),
    TooBusy: _base(BaseResult.TOO_BUSY),
    LoopDetected: _base(BaseResult.LOOP_DETECTED),
    ApplicationUnsupported: _base(BaseResult.APPLICATION_UNSUPPORTED),
    InvalidHeaderBits: _base(BaseResult.INVALID_HDR_BITS),
    InvalidAvpBits: _base(BaseResult.INVALID_AVP_BITS),
    UnknownPeer: _base(BaseResult.UNKNOWN_PEER),
    AvpUnsupported: _base(BaseResult.AVP_UNSUPPORTED),
    InvalidAvpValue: _base(BaseResult.INVALID_AVP_VALUE),
    MissingAvp: _base(BaseResult.MISSING_AVP),
    TooManyAvps: _base(BaseResult.AVP_OCCURS_TOO_MANY_TIMES),
    NoCommonApplication: _base(BaseResult.NO_COMMON_APPLICATION),
    UnsupportedVersion: _base(BaseResult.UNSUPPORTED_VERSION),
    TooMuchWork: UNABLE_TO_COMPLY,
    ReservedHeaderBit: _base(BaseResult.INVALID_BIT_IN_HEADER),
    InvalidAvpLength: _base(BaseResult.INVALID_AVP_LENGTH),
    InvalidMessageLength: _base(BaseResult.INVALID_MESSAGE_LENGTH),
    NoCommonSecurity: _base(BaseResult.NO_COMMON_SECURITY),
    UserUnknown: USER_UNKNOWN,
    IdentityNotRegistered: _tgpp(CxResult.ERROR_IDENTITY_NOT_REGISTERED),
    FeaturesUnsupported: _tgpp(CxResult.ERROR_FEATURE_UNSUPPORTED),
    RegistrationBroken: UNABLE_TO_COMPLY,
}


def outcome_of(error: Exception) -> Outcome:
    """Give the result of a refusal; what the table does not know is a defect of ours: UNABLE_TO_COMPLY."""
    return OUTCOME_OF.get(type(error), UNABLE_TO_COMPLY)


def result_name(outcome: Outcome) -> str:
    """Name a result as the specifications do, for people; a foreign one by its number."""
    registry: type[CxResult | BaseResult] = CxResult if outcome.vendor == VENDOR_3GPP else BaseResult
    if outcome.vendor in (0, VENDOR_3GPP) and outcome.code in tuple(registry):
        return f"DIAMETER_{registry(outcome.code).name}"
    return f"{outcome.code} of vendor {outcome.vendor}" if outcome.vendor else str(outcome.code)
