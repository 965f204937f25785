"""The errors of MAP that a refusal is, by name and number."""

from hss.procedures.map_refusals import Refusal
from hss.sigtran.map.errors import write_refusal


def error_of(refusal: Refusal, version: int) -> tuple[str, int]:
    """Give the name and the code of the MAP error of a refusal, in a version."""
    code, _ = write_refusal(refusal, version)
    return code.name.lower().replace("_", "-"), int(code)
