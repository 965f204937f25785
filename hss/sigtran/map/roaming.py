"""provideRoamingNumber towards a real VLR: what is asked, and the outcome in words of the domain."""

from collections.abc import Callable, Mapping
from typing import Final

from hss.procedures.map_routing_info import Unlucky
from hss.services.map import RoamingNumberRequest
from hss.sigtran.map.call_handling import ProvideRoamingNumberArg, read_roaming_number_res, write_roaming_number_arg
from hss.sigtran.map.calls import Call, Completed, Failed, Outcome
from hss.sigtran.map.numbers import Address
from hss.sigtran.sccp.address import Address as SccpAddress
from schemas.addresses import GlobalTitle
from schemas.numbers.map import Context, MapError, Operation
from schemas.numbers.sccp import Subsystem
from schemas.octets import DecodeError

# Errors of provideRoamingNumber (TS 29.002 §10.2.3); every other one is no answer.
UNLUCKY_OF: Final[Mapping[int | None, Unlucky]] = {
    MapError.ABSENT_SUBSCRIBER: Unlucky.ABSENT,
    MapError.NO_ROAMING_NUMBER_AVAILABLE: Unlucky.NO_NUMBER,
    MapError.FACILITY_NOT_SUPPORTED: Unlucky.NOT_SUPPORTED,
}


def roaming_number_call(
    request: RoamingNumberRequest,
    done: Callable[[str | Unlucky], None],
    *,
    hlr_title: str,
    gmsc_number: str | None = None,
    version: int = 3,
    within_s: float = 15.0,
) -> Call:
    """Make the call that asks the VLR of a subscriber for a roaming number; `done` hears the digits or why not."""
    argument = ProvideRoamingNumberArg(
        imsi=request.imsi.digits,
        msc_number=Address(request.msc_number or request.vlr_number),
        msisdn=Address(request.msisdn.digits),
        gmsc_address=None if gmsc_number is None else Address(gmsc_number),
    )
    return Call(
        context=Context.ROAMING_NUMBER_ENQUIRY,
        operation=Operation.PROVIDE_ROAMING_NUMBER,
        version=version,
        write=lambda _: write_roaming_number_arg(argument),
        called=SccpAddress(subsystem=Subsystem.VLR, title=GlobalTitle(digits=request.vlr_number)).encode(),
        calling=SccpAddress(subsystem=Subsystem.HLR, title=GlobalTitle(digits=hlr_title)).encode(),
        done=lambda outcome: done(read_roaming_number(outcome)),
        within_s=within_s,
    )


def read_roaming_number(outcome: Outcome) -> str | Unlucky:
    """Make digits, or the reason of none, of an outcome."""
    if isinstance(outcome, Failed):
        return UNLUCKY_OF.get(outcome.code, Unlucky.NO_ANSWER)
    if isinstance(outcome, Completed) and outcome.parameters:
        try:
            return read_roaming_number_res(outcome.parameters[-1]).digits
        except DecodeError:
            return Unlucky.NO_ANSWER
    return Unlucky.NO_ANSWER
