"""A Gateway-MSC that asks one question: what it sends, and the answer as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from hss.sigtran.map.call_handling import (
    CamelInfo,
    ForwardingData,
    SendRoutingInfoArg,
    read_routing_info_res,
    write_routing_info_arg,
)
from hss.sigtran.map.calls import Call, Completed, Failed, Lost, Outcome
from hss.sigtran.map.errors import read_detail
from hss.sigtran.map.extension import SIP_PORT, find_icscf
from hss.sigtran.map.numbers import Address
from hss.sigtran.tcap.user import Ending
from schemas.identities import Msisdn
from schemas.numbers.map import (
    DEFAULT_EXTENSION,
    AbsentReason,
    BarringCause,
    Context,
    ForwardingReason,
    InterrogationType,
    MapError,
    NetworkResource,
    Operation,
    UnknownSubscriberDiagnostic,
)
from schemas.octets import DecodeError
from schemas.states import ForwardingCondition

ALL_CAMEL_PHASES: Final = bytes.fromhex("04f0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a Gateway-MSC wants to know; `forwarding_reason` goes with `forwarding_interrogation`."""

    msisdn: Msisdn
    gmsc_number: str = "491720000001"
    version: int = 3
    fall_back: bool = True
    forwarding_interrogation: bool = False
    forwarding_reason: ForwardingReason | None = None
    suppress_t_csi: bool = False
    long_numbers: bool = False
    call_reference: bytes | None = None

    def argument(self) -> SendRoutingInfoArg:
        """Make the argument of sendRoutingInfo."""
        kind = InterrogationType.FORWARDING if self.forwarding_interrogation else InterrogationType.BASIC_CALL
        return SendRoutingInfoArg(
            msisdn=Address(self.msisdn.digits),
            interrogation_type=kind,
            gmsc_address=Address(self.gmsc_number),
            call_reference=self.call_reference,
            forwarding_reason=self.forwarding_reason,
            camel_info=CamelInfo(phases=ALL_CAMEL_PHASES, suppress_t_csi=True) if self.suppress_t_csi else None,
            long_ftn_supported=self.long_numbers,
        )

    def write(self, version: int) -> bytes:
        """Write the parameter for a version."""
        return write_routing_info_arg(self.argument(), version)

    def call(self, called: bytes, calling: bytes, done: Callable[[Outcome], None], *, within_s: float = 15.0) -> Call:
        """Make the call that asks it."""
        return Call(
            context=Context.LOCATION_INFO_RETRIEVAL,
            operation=Operation.SEND_ROUTING_INFO,
            version=self.version,
            lowest=1 if self.fall_back else self.version,
            write=self.write,
            called=called,
            calling=calling,
            done=done,
            within_s=within_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SriAnswer:
    """What came back. Exactly one of `number` or `icscf`, `forwarded_to`, `error`, `failure` says where the call goes.

    `number` is an MSRN, or an IMRN where `icscf` is there too. `error` is the name of a MAP error; `failure` says in
    words why no answer came, and `answered` whether the other side said that.
    """

    version: int | None = None
    imsi: str | None = None
    number: str | None = None
    icscf: str | None = None
    icscf_port: int = SIP_PORT
    alternatives: tuple[str, ...] = ()
    forwarded_to: str | None = None
    condition: ForwardingCondition | None = None
    error: str | None = None
    error_code: int | None = None
    error_detail: int | None = None
    error_parameter: str | None = None
    failure: str | None = None
    answered: bool = True


NAMES: Final = {error.value: error.name.lower().replace("_", "-") for error in MapError}
CONDITIONS: Final = (  # bits 4 and 3 of ForwardingOptions
    ForwardingCondition.NOT_REACHABLE,
    ForwardingCondition.BUSY,
    ForwardingCondition.NO_REPLY,
    ForwardingCondition.UNCONDITIONAL,
)


def read_answer(outcome: Outcome, oid: str = DEFAULT_EXTENSION) -> SriAnswer:
    """Make an answer of an outcome; `oid` names the extension with the I-CSCF."""
    if isinstance(outcome, Completed):
        try:
            return _read_result(outcome, oid)
        except DecodeError as error:
            return SriAnswer(version=outcome.version, failure=f"the result cannot be read: {error}")
    if isinstance(outcome, Failed):
        return _read_error(outcome)
    if isinstance(outcome, Lost):
        cause = "" if outcome.cause is None else f" (cause {outcome.cause})"
        offered = "" if outcome.offered is None else f"; the peer offers version {outcome.offered}"
        silent = outcome.how is Ending.EXPIRED or (outcome.how is Ending.NOTICE and outcome.cause is None)
        return SriAnswer(failure=f"{outcome.how.value}{cause}{offered}", answered=not silent)
    return SriAnswer(failure=f"rejected: problem {outcome.problem} of kind {outcome.kind:#04x}")


def _read_result(outcome: Completed, oid: str) -> SriAnswer:
    if not any(outcome.parameters):
        return SriAnswer(version=outcome.version, failure="the result is empty")
    results = [read_routing_info_res(parameter, outcome.version) for parameter in outcome.parameters]
    extensions = [each for result in results for each in result.extensions or ()]
    icscf = find_icscf(extensions, oid)
    forwarding = next((result.forwarding_data for result in results if result.forwarding_data), None)
    number = next((result.roaming_number for result in results if result.roaming_number), None)
    return SriAnswer(
        version=outcome.version,
        imsi=next((result.imsi for result in results if result.imsi), None),
        number=None if number is None else number.digits,
        icscf=None if icscf is None else icscf.name,
        icscf_port=SIP_PORT if icscf is None else icscf.port or SIP_PORT,
        alternatives=() if icscf is None else icscf.alternatives,
        forwarded_to=None if forwarding is None else _forwarded_to(forwarding),
        condition=_condition(forwarding),
    )


def _forwarded_to(forwarding: ForwardingData) -> str | None:
    number = forwarding.number or forwarding.long_number
    return None if number is None else number.digits


def _condition(forwarding: ForwardingData | None) -> ForwardingCondition | None:
    if forwarding is None or not forwarding.options:
        return None
    return CONDITIONS[forwarding.options[0] >> 2 & 3]


def _read_error(outcome: Failed) -> SriAnswer:
    name = NAMES.get(outcome.code or 0, "unknown-error")
    return SriAnswer(
        version=outcome.version,
        error=name,
        error_code=outcome.code,
        error_detail=read_detail(outcome.parameter),
        error_parameter=outcome.parameter.hex() or None,
    )


# What the number in an error's parameter is (TS 29.002 §17.7.7).
DETAILS: Final[Mapping[int, type[IntEnum]]] = {
    MapError.UNKNOWN_SUBSCRIBER: UnknownSubscriberDiagnostic,
    MapError.CALL_BARRED: BarringCause,
    MapError.ABSENT_SUBSCRIBER: AbsentReason,
    MapError.SYSTEM_FAILURE: NetworkResource,
}


def detail_name(answer: SriAnswer) -> str | None:
    """Name the number in the parameter of an error; None where there is none."""
    if answer.error_detail is None:
        return None
    names = DETAILS.get(answer.error_code or 0, ())
    name = next((each.name for each in names if each.value == answer.error_detail), None)
    return f"{answer.error_detail}" if name is None else name.lower().replace("_", " ")
