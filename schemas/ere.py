"""POSIX extended regular expressions, matched in time linear in the text.

The expressions of wildcarded identities come from operators, the texts come from anybody's calls: a matcher that
tries and goes back could be kept busy by a short text. This one walks all ways at once.
Back-references do not exist in extended expressions; collating symbols and equivalence classes are refused.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

MOST_REPETITIONS: Final = 255  # IEEE 1003.1 RE_DUP_MAX, its smallest value
MOST_STATES: Final = 1024  # a bound on work, as the next one
DEEPEST: Final = 16

CLASSES: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "digit": string.digits,
    "lower": string.ascii_lowercase,
    "punct": string.punctuation,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}


SIGNS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class ExpressionError(ValueError):
    """The text is not an extended regular expression; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a set, or out of everything else."""

    members: frozenset[str]
    negated: bool = False

    def has(self, character: str) -> bool:
        """Tell whether `character` belongs here."""
        return (character in self.members) is not self.negated


ANY: Final = Characters(frozenset(), negated=True)


@dataclass(slots=True)
class State:
    """A place in the automaton: by a character to `next`, or for nothing to all of `free`."""

    characters: Characters | None = None
    next: int = -1
    free: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it matches a whole text or not at all."""

    source: str
    states: tuple[State, ...]
    start: int
    end: int

    @classmethod
    def parse(cls, source: str) -> Self:
        """Compile `source`; raise `ExpressionError` where it is no extended regular expression."""
        automaton = _Automaton()
        start, end = _Reader(source).read()(automaton)
        return cls(source, tuple(automaton.states), start, end)

    def matches(self, text: str) -> bool:
        """Tell whether the expression stands for the whole of `text`."""
        here = self._closure({self.start})
        for character in text:
            steps = (self.states[at] for at in here)
            here = self._closure({s.next for s in steps if s.characters is not None and s.characters.has(character)})
            if not here:
                return False
        return self.end in here

    def _closure(self, places: set[int]) -> set[int]:
        todo = list(places)
        while todo:
            for place in self.states[todo.pop()].free:
                if place not in places:
                    places.add(place)
                    todo.append(place)
        return places


Span = tuple[int, int]  # first and last state of a part
Part = Callable[["_Automaton"], Span]  # what adds its states to an automaton, once each time it is called


class _Automaton:
    """States under construction (Thompson)."""

    def __init__(self) -> None:
        self.states: list[State] = []

    def place(self) -> int:
        """Add a state."""
        if len(self.states) >= MOST_STATES:
            raise ExpressionError("the expression is too large")
        self.states.append(State())
        return len(self.states) - 1

    def join(self, left: int, right: int) -> None:
        """Let `right` be reached from `left` for nothing."""
        self.states[left].free.append(right)

    def one(self, characters: Characters) -> Span:
        """Add a step by one character."""
        start, end = self.place(), self.place()
        self.states[start].characters, self.states[start].next = characters, end
        return start, end

    def after(self, last: int, part: Part) -> int:
        """Add `part` behind the state `last`; return its own last state."""
        start, end = part(self)
        self.join(last, start)
        return end

    def sequence(self, parts: list[Part]) -> Span:
        """Add parts one behind the other."""
        start = last = self.place()
        for part in parts:
            last = self.after(last, part)
        return start, last

    def alternatives(self, parts: list[Part]) -> Span:
        """Add parts side by side."""
        start, end = self.place(), self.place()
        for part in parts:
            self.join(self.after(start, part), end)
        return start, end

    def repeated(self, part: Part, least: int, most: int | None) -> Span:
        """Add `part` at least `least` times and at most `most` times, None: without limit."""
        start, last = self.sequence([part] * least)
        if most is None:
            loop = self.place()
            self.join(last, loop)
            self.join(self.after(loop, part), loop)
            return start, loop
        end = self.place()
        for _ in range(most - least):
            self.join(last, end)
            last = self.after(last, part)
        self.join(last, end)
        return start, end


class _Reader:
    """The grammar of IEEE 1003.1 9.5.3 by recursive descent."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def read(self) -> Part:
        part = self._alternatives()
        if self._look():
            raise ExpressionError("a bracket is closed that was not opened")
        return part

    def _look(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._look()
        self._at += 1
        return character

    def _alternatives(self) -> Part:
        parts = [self._sequence()]
        while self._look() == "|":
            self._take()
            parts.append(self._sequence())
        return lambda automaton: automaton.alternatives(parts)

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._look() not in ("", "|", ")"):
            parts.append(self._piece())
        return lambda automaton: automaton.sequence(parts)

    def _piece(self) -> Part:
        """Read one part with what says how often it may stand there."""
        part = self._atom()
        repetition = self._repetition()
        if repetition is None:
            return part
        if self._look() in ("*", "+", "?", "{"):
            raise ExpressionError("a repetition follows a repetition")
        return lambda automaton: automaton.repeated(part, *repetition)

    def _repetition(self) -> tuple[int, int | None] | None:
        sign = self._look()
        if sign in SIGNS:
            self._take()
            return SIGNS[sign]
        return self._interval() if sign == "{" else None

    def _interval(self) -> tuple[int, int | None]:
        inside, closed, _ = self._source[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not low.isdecimal() or (high and not high.isdecimal()):
            raise ExpressionError("a repetition in braces is {n}, {n,} or {n,m}")
        least = int(low)
        most = int(high) if high else None if comma else least
        if max(least, most or 0) > MOST_REPETITIONS or (most is not None and most < least):
            raise ExpressionError(f"a repetition goes up to {MOST_REPETITIONS}, the lower bound first")
        self._at += len(inside) + 2
        return least, most

    def _atom(self) -> Part:
        character = self._take()
        if character == "(":
            return self._group()
        characters = self._characters(character)
        return lambda automaton: automaton.one(characters)

    def _group(self) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"brackets are nested at most {DEEPEST} deep")
        part = self._alternatives()
        if self._take() != ")":
            raise ExpressionError("a bracket is not closed")
        self._depth -= 1
        return part

    def _characters(self, character: str) -> Characters:
        if character == ".":
            return ANY
        if character == "[":
            return self._bracket()
        if character == "\\":
            character = self._take()
            if not character or character.isalnum():
                raise ExpressionError("a backslash stands before a special character")
        elif character in "*+?{^$":
            raise ExpressionError(f"{character!r} stands where a character is expected")
        return Characters(frozenset(character))

    def _bracket(self) -> Characters:
        negated = self._look() == "^"
        self._at += negated
        members: set[str] = set()
        first = True
        while first or self._look() != "]":
            members.update(self._bracket_part())
            first = False
        self._take()
        return Characters(frozenset(members), negated=negated)

    def _bracket_part(self) -> str:
        if self._source.startswith("[:", self._at):
            name, closed, _ = self._source[self._at + 2 :].partition(":]")
            if not closed or name not in CLASSES:
                raise ExpressionError("no such class of characters")
            self._at += len(name) + 4
            return CLASSES[name]
        low = self._take()
        if not low or (low == "[" and self._look() in (".", "=")):
            raise ExpressionError("a set of characters is not closed, or has a collating symbol")
        if self._look() != "-" or self._source[self._at + 1 : self._at + 2] in ("", "]"):
            return low
        self._take()
        high = self._take()
        if high < low:
            raise ExpressionError("a range of characters runs backwards")
        return "".join(map(chr, range(ord(low), ord(high) + 1)))
