"""One table from refusals to result codes."""

import pytest

from hss.diameter.errors import OUTCOME_OF, UNABLE_TO_COMPLY, Outcome, RemoteError, outcome_of, result_name
from hss.procedures import errors as procedures
from hss.procedures.errors import ProcedureError
from schemas.numbers.cx import CxResult
from schemas.numbers.diameter import VENDOR_3GPP, BaseResult


def refusals_of_cx() -> set[type[Exception]]:
    return {kind for kind in ProcedureError.__subclasses__() if kind.__module__ == procedures.__name__}


def test_every_refusal_has_a_result_code() -> None:
    assert refusals_of_cx() | set(RemoteError.__subclasses__()) == set(OUTCOME_OF)


def test_every_result_code_is_in_its_registry() -> None:
    for outcome in OUTCOME_OF.values():
        registry = CxResult if outcome.vendor else BaseResult
        assert outcome.code in tuple(registry)
        assert outcome.vendor in (0, VENDOR_3GPP)


def test_every_fault_of_the_peer_has_a_base_code() -> None:
    assert all(not OUTCOME_OF[kind].vendor for kind in RemoteError.__subclasses__())


def test_what_nobody_foresaw_is_a_fault_of_ours() -> None:
    assert outcome_of(ZeroDivisionError()) == UNABLE_TO_COMPLY == Outcome(5012)


@pytest.mark.parametrize(
    ("outcome", "protocol_error", "success", "name"),
    [
        (Outcome(2001), False, True, "DIAMETER_SUCCESS"),
        (Outcome(3002), True, False, "DIAMETER_UNABLE_TO_DELIVER"),
        (Outcome(5012), False, False, "DIAMETER_UNABLE_TO_COMPLY"),
        (Outcome(2003, VENDOR_3GPP), False, True, "DIAMETER_UNREGISTERED_SERVICE"),
        (Outcome(5001, VENDOR_3GPP), False, False, "DIAMETER_ERROR_USER_UNKNOWN"),
        (Outcome(3002, VENDOR_3GPP), False, False, "3002 of vendor 10415"),
        (Outcome(5001, 9), False, False, "5001 of vendor 9"),
        (Outcome(4999), False, False, "4999"),
    ],
)
def test_kinds_and_names_of_outcomes(outcome: Outcome, name: str, *, protocol_error: bool, success: bool) -> None:
    assert (outcome.is_protocol_error, outcome.is_success, result_name(outcome)) == (protocol_error, success, name)
