"""What a refusal is on the wire of MAP: one table. Source: TS 29.002 §17.6, §17.7.7, forms by version §17.1.4."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hss.procedures import map_refusals as refusals
from hss.procedures.map_refusals import Absence, Failing, Refusal
from hss.sigtran import ber
from schemas.numbers.map import AbsentReason, BarringCause, MapError, NetworkResource, UnknownSubscriberDiagnostic
from schemas.octets import DecodeError
from schemas.states import IncomingBarring

_ENUMERATED: Final = 0x0A


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An error code, the number that its parameter holds, and the first version that has the error.

    Until version 2 the number stands alone (`bare`) or not at all; from version 3 in a SEQUENCE, under `tag`.
    """

    code: MapError
    number: Callable[[Any], int | None] = lambda _: None
    bare: bool = False
    tag: int = _ENUMERATED
    empty: bool = False  # version 3 writes the SEQUENCE even without a number
    since: int = 1

    def parameter(self, refusal: Refusal, version: int) -> bytes:
        """Write the parameter in the form of a version."""
        number = self.number(refusal)
        if version < 3:
            return b"" if number is None or not self.bare else bytes((_ENUMERATED, 1, number))
        if number is None:
            return b"\x30\x00" if self.empty else b""
        return bytes((0x30, 3, self.tag, 1, number))


CAUSE_OF: Final[Mapping[IncomingBarring, BarringCause]] = {
    IncomingBarring.OPERATOR: BarringCause.OPERATOR_BARRING,
    IncomingBarring.SERVICE: BarringCause.BARRING_SERVICE_ACTIVE,
}
# MAP-ER-DataTypes: a purged subscriber is detached towards a Gateway-MSC.
REASON_OF: Final[Mapping[Absence, AbsentReason]] = {
    Absence.DETACHED: AbsentReason.IMSI_DETACH,
    Absence.PURGED: AbsentReason.IMSI_DETACH,
    Absence.RESTRICTED_AREA: AbsentReason.RESTRICTED_AREA,
    Absence.NO_PAGE_RESPONSE: AbsentReason.NO_PAGE_RESPONSE,
}
RESOURCE_OF: Final[Mapping[Failing, NetworkResource]] = {
    Failing.HLR: NetworkResource.HLR,
    Failing.VLR: NetworkResource.VLR,
}


def _diagnostic(refusal: refusals.UnknownSubscriber) -> int | None:
    return UnknownSubscriberDiagnostic.NPDB_MISMATCH if refusal.ported_mismatch else None


FORM_OF: Final[Mapping[type[Refusal], Form]] = {
    refusals.UnknownSubscriber: Form(code=MapError.UNKNOWN_SUBSCRIBER, number=_diagnostic),
    refusals.CallBarred: Form(code=MapError.CALL_BARRED, number=lambda it: CAUSE_OF.get(it.by), bare=True),
    refusals.AbsentSubscriber: Form(
        code=MapError.ABSENT_SUBSCRIBER, number=lambda it: REASON_OF.get(it.why), tag=0x80, empty=True
    ),
    refusals.AbsentForShortMessage: Form(code=MapError.ABSENT_SUBSCRIBER_SM, empty=True, since=2),
    refusals.BusySubscriber: Form(code=MapError.BUSY_SUBSCRIBER, since=3),
    refusals.NoSubscriberReply: Form(code=MapError.NO_SUBSCRIBER_REPLY, since=3),
    refusals.ForwardingViolation: Form(code=MapError.FORWARDING_VIOLATION),
    refusals.FacilityNotSupported: Form(code=MapError.FACILITY_NOT_SUPPORTED),
    refusals.TeleserviceNotProvisioned: Form(code=MapError.TELESERVICE_NOT_PROVISIONED),
    refusals.OptimalRoutingNotAllowed: Form(code=MapError.OR_NOT_ALLOWED, since=3),
    refusals.InterrogationNotAllowed: Form(code=MapError.ATI_NOT_ALLOWED),
    refusals.DataMissing: Form(code=MapError.DATA_MISSING),
    refusals.UnexpectedData: Form(code=MapError.UNEXPECTED_DATA_VALUE),
    refusals.SystemFailure: Form(code=MapError.SYSTEM_FAILURE, number=lambda it: RESOURCE_OF[it.where], bare=True),
}

# What says the same in a version that does not have the error yet.
INSTEAD: Final[Mapping[MapError, Refusal]] = {
    MapError.ABSENT_SUBSCRIBER_SM: refusals.AbsentSubscriber(),
    MapError.BUSY_SUBSCRIBER: refusals.AbsentSubscriber(),
    MapError.NO_SUBSCRIBER_REPLY: refusals.AbsentSubscriber(),
    MapError.OR_NOT_ALLOWED: refusals.FacilityNotSupported(),
}


def write_refusal(refusal: Refusal, version: int) -> tuple[MapError, bytes]:
    """Give the error code and the parameter of a refusal."""
    form = FORM_OF[type(refusal)]
    if version < form.since:
        refusal = INSTEAD[form.code]
        form = FORM_OF[type(refusal)]
    return form.code, form.parameter(refusal, version)


def read_detail(parameter: bytes) -> int | None:
    """Read the number in an error parameter, in the form of any version; None where there is none."""
    if not parameter:
        return None
    try:
        tag, content = ber.only(parameter)
        if tag == 0x30 and content:
            first = ber.element(content, 0, len(content))
            tag, content = first.tag, content[first.start : first.stop]
        return ber.read_integer(content) if tag in {_ENUMERATED, 0x80} else None
    except DecodeError:
        return None
