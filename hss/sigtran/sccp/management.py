"""SCCP management: is a subsystem there. Source: ITU-T Q.714, Q.713."""

from dataclasses import dataclass
from typing import Self

from schemas.numbers.sccp import Management
from schemas.octets import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """SSA, SSP, SST and their kin."""

    format: int
    subsystem: int
    point_code: int
    multiplicity: int = 0

    def encode(self) -> bytes:
        """Write format, affected subsystem, affected point code, multiplicity."""
        return (
            bytes((self.format, self.subsystem)) + self.point_code.to_bytes(2, "little") + bytes((self.multiplicity,))
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the five octets; what follows is ignored."""
        cursor = Cursor(data)
        return cls(
            format=cursor.number(1, "SCMG format"),
            subsystem=cursor.number(1, "affected subsystem"),
            point_code=int.from_bytes(cursor.take(2, "affected point code"), "little") & 0x3FFF,
            multiplicity=cursor.number(1, "multiplicity"),
        )


# A test gets an answer only where the subsystem is there (Q.714); a coordinated change is granted.
ANSWER_TO = {Management.SST: Management.SSA, Management.SOR: Management.SOG}
