"""The tables of number routing: one immutable generation at a time."""

from routing.tables.build import EMPTY, build, changed
from routing.tables.conflicts import Conflict
from routing.tables.contradictions import contradictions
from routing.tables.generation import Tables
from routing.tables.rows import Key, Operator, Pool, Ported, PortingForm, Range, Rows, Service

__all__ = [
    "EMPTY",
    "Conflict",
    "Key",
    "Operator",
    "Pool",
    "Ported",
    "PortingForm",
    "Range",
    "Rows",
    "Service",
    "Tables",
    "build",
    "changed",
    "contradictions",
]
