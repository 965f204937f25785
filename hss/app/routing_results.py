"""The result codes that Diameter gives to the answers of the location procedure."""

from hss.diameter.errors import SUCCESS, UNREGISTERED_SERVICE, outcome_of
from hss.procedures.cx import LocationInfoAnswer
from hss.procedures.errors import ProcedureError


def result_of(found: LocationInfoAnswer | ProcedureError) -> int:
    """Give the result code of an LIA, experimental or base."""
    if isinstance(found, ProcedureError):
        return int(outcome_of(found).code)
    return int((UNREGISTERED_SERVICE if found.unregistered_service else SUCCESS).code)
