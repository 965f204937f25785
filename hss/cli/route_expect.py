"""Expectations of a plan: `operator.name=fixed`, `fork.groups.0.branches.1.next_hop=pcscf1.ims.example`."""

import json
from dataclasses import dataclass
from typing import Any, Self

import click

MISSING = object()


@dataclass(frozen=True, slots=True)
class Expectation:
    """A place in a plan and what has to stand there."""

    path: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read KEY=VALUE."""
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise click.UsageError(f"--expect {text}: must be KEY=VALUE, with KEY a dotted path into the plan")
        return cls(path, value)

    def met(self, found: object) -> bool:
        """Compare: text with text, anything else as JSON (`true`, `null`, `484`, `["a"]`)."""
        if isinstance(found, str):
            return found == self.value
        if found is MISSING:
            return False
        try:
            return bool(json.loads(self.value) == found)
        except ValueError:
            return False


def at(plan: object, path: str) -> Any:  # noqa: ANN401 - JSON, or MISSING
    """Follow a dotted path; a number is a place in a list, `length` counts one.

    A name may have dots itself, as a host has: the longest one that is there counts.
    """
    return _follow(plan, path.split("."))


def _follow(here: Any, names: list[str]) -> Any:  # noqa: ANN401 - JSON, or MISSING
    if not names:
        return here
    if isinstance(here, dict):
        for end in range(len(names), 0, -1):
            inner = here.get(".".join(names[:end]), MISSING)
            if inner is not MISSING and (found := _follow(inner, names[end:])) is not MISSING:
                return found
        return MISSING
    if not isinstance(here, list):
        return MISSING
    if names == ["length"]:
        return len(here)
    place = names[0]
    return _follow(here[int(place)], names[1:]) if place.isdecimal() and int(place) < len(here) else MISSING


def mismatches(plan: object, expected: list[Expectation]) -> list[str]:
    """Say of each expectation that is not met what was expected and what is there."""
    wrong = []
    for one in expected:
        found = at(plan, one.path)
        if not one.met(found):
            there = "nothing" if found is MISSING else json.dumps(found)
            wrong += [f"- {one.path}={one.value}", f"+ {one.path}={there}"]
    return wrong
