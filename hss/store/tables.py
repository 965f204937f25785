"""The tables, for queries. Queries are written on tables, not on mapped classes: no row becomes an object."""

from typing import Final

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

import schemas.numbering
import schemas.subscriber  # noqa: F401 - both modules define their tables when they are imported

METADATA: Final[MetaData] = SQLModel.metadata


def _table(name: str) -> Table:
    return METADATA.tables[name]


operator: Final = _table("operator")
number_prefix: Final = _table("number_prefix")
number_block: Final = _table("number_block")
routing_number: Final = _table("routing_number")
carrier: Final = _table("carrier")
service_number: Final = _table("service_number")
ported_number: Final = _table("ported_number")
entry_node: Final = _table("entry_node")
icscf_pool: Final = _table("icscf_pool")
icscf: Final = _table("icscf")
service_profile: Final = _table("service_profile")
shared_set: Final = _table("shared_filter_criteria_set")
diameter_peer: Final = _table("diameter_peer")
subscription: Final = _table("subscription")
private_identity: Final = _table("private_identity")
registration_set: Final = _table("registration_set")
registration: Final = _table("registration")
public_identity: Final = _table("public_identity")
circuit_switched: Final = _table("circuit_switched")
msisdn: Final = _table("msisdn")
contact: Final = _table("contact")
sealing: Final = _table("sealing")
