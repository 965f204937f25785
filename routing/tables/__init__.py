"""The tables of number routing: one immutable generation at a time."""

from routing.tables.build import EMPTY, build, changed
from routing.tables.conflicts import Conflict
from routing.tables.contradictions import contradictions
from routing.tables.generation import Tables
from routing.tables.rows import ENTRY_OF, Entry, Key, Operator, Pool, Ported, PortingForm, Range, Rows, Service

__all__ = [
    "EMPTY",
    "ENTRY_OF",
    "Conflict",
    "Entry",
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
