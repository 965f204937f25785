"""Nodes that are supposed to be down: somebody is told of names that nothing here has."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import click

from hss.cli.output import printable
from hss.cli.route_asking import Asking

MOST_NAMED: Final = 20
_HOST: Final = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]")


class SupposedDown:
    """Looks for the nodes that a query supposes to be down, first in the tables, then in plans.

    The S-CSCFs, and the I-CSCFs that belong to a subscriber, are only known from plans.
    """

    def __init__(self, desk: Asking, query: Mapping[str, Any]) -> None:
        down = query.get("suppose", {}).get("down", ())
        self._known: list[str] = desk.tell("tables").get("nodes", []) if down else []
        known = {node.lower() for node in self._known}
        self._missing = [node for node in dict.fromkeys(down) if node.lower() not in known]

    def look(self, plans: Iterable[Mapping[str, Any]]) -> None:
        """Take away what a plan names."""
        for plan in plans if self._missing else ():
            named = _nodes(plan)
            self._missing = [node for node in self._missing if node.lower() not in named]

    def end(self) -> None:
        """Say on standard error what nobody is called."""
        others = ", ".join(self._known[:MOST_NAMED]) + (", ..." if len(self._known) > MOST_NAMED else "")
        for node in self._missing:
            click.echo(printable(f"note: no node is called {node}; there are: {others}"), err=True)


def _nodes(plan: Mapping[str, Any]) -> set[str]:
    """Take the I-CSCFs and the S-CSCF out of a plan, whole or brief: all words that a host could be."""
    location = plan.get("location") or {}
    found = json.dumps([plan.get("icscf"), plan.get("scscf"), location.get("scscf")])
    return {word.lower() for word in _HOST.findall(found)}
