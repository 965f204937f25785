"""Number routing: any called number to operator, entry node, I-CSCF, S-CSCF and forking plan. Pure, without I/O."""

from routing.decision import route
from routing.plan import Plan, Query, Suppose
from routing.ports import State
from routing.tables import Rows, Tables, build

__all__ = ["Plan", "Query", "Rows", "State", "Suppose", "Tables", "build", "route"]
