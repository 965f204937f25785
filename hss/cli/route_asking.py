"""Who answers the questions of `hss route`: a running service, or this process alone."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from hss.cli.http import Api, ServiceRefusal
from hss.cli.output import WrongQuestion
from hss.cli.route_lines import Asked

if TYPE_CHECKING:
    from hss.app.routing_alone import Alone

Json = dict[str, Any]
Answers = list[tuple[Asked, Json]]

UNDERSTOOD_NOT: Final = frozenset({400, 404, 413, 422})  # of HTTP: the question is wrong, not the answer a refusal


def alone_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--database`, `--secrets-key-file` and `--sample`."""
    key = click.option("--secrets-key-file", type=click.Path(path_type=Path), help="Key of --database.")
    place = click.option("--database", help="Route by this database itself; no service may have it open.")
    sample = click.option("--sample", is_flag=True, help="Route by the sample data, without a service or database.")
    return sample(place(key(command)))


class Asking(Protocol):
    """Answers questions; raises `Refusal` where one is wrong."""

    def route(self, called: object, defaults: Json, *, view: str) -> Json:
        """Route one number."""
        ...

    def many(self, pieces: Iterable[list[Asked]], defaults: Json, *, view: str) -> Iterator[Answers]:
        """Route many, piece by piece; what is no query is answered by an object with `error`."""
        ...

    def ask(self, what: str, body: Json) -> Json:
        """Ask `iam` or `simulate`."""
        ...

    def tell(self, what: str, limit: int | None = None) -> Json:
        """Ask for `tables` or `check`."""
        ...


@contextmanager
def asking(api: Api, database: str | None, key_file: Path | None, *, sample: bool) -> Iterator[Asking]:
    """Choose who answers."""
    if sample and database is not None:
        raise click.UsageError("--sample and --database exclude each other")
    if not sample and database is None:
        yield Service(api)
        return
    from hss.app.routing_alone import from_database, from_sample  # noqa: PLC0415 - a service is asked without it

    with from_sample() if database is None else from_database(database, key_file) as alone:
        yield Here(alone)


def _answers(piece: list[Asked], route: Callable[[list[str]], list[Json]]) -> Answers:
    """Route what can be asked of a piece; an error says the line."""
    queries = [one.called for one in piece if one.rule is None]
    plans = iter(route(queries) if queries else ())
    return [(one, _placed(one, next(plans) if one.rule is None else _refused(one.rule))) for one in piece]


async def _all(items: AsyncIterator[Mapping[str, Any]]) -> list[Json]:
    return [dict(item) async for item in items]


def _refused(rule: str) -> Json:
    return {"error": {"field": "called", "rule": rule}}


def _placed(one: Asked, found: Json) -> Json:
    if one.line is None or "outcome" in found:
        return found
    return {"error": {"line": one.line, **found["error"]}}


class Service:
    """A running service."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def route(self, called: object, defaults: Json, *, view: str) -> Json:
        """Route one number."""
        with hearing_service():
            found: Json = self._api.send("POST", "route", body={**defaults, "called": called}, view=view)
        return found

    def many(self, pieces: Iterable[list[Asked]], defaults: Json, *, view: str) -> Iterator[Answers]:
        """Route many, a piece in each request."""
        for piece in pieces:
            yield _answers(piece, lambda queries: self._plans({**defaults, "queries": queries}, view))

    def _plans(self, body: Json, view: str) -> list[Json]:
        with hearing_service():
            found: list[Json] = self._api.send("POST", "route", body=body, view=view)["plans"]
        return found

    def ask(self, what: str, body: Json) -> Json:
        """Ask a question."""
        with hearing_service():
            found: Json = self._api.send("POST", "route", what, body=body)
        return found

    def tell(self, what: str, limit: int | None = None) -> Json:
        """Ask for something that needs no question."""
        found: Json = self._api.get("route", what, limit=limit)
        return found


class Here:
    """This process."""

    def __init__(self, alone: "Alone") -> None:
        self.alone: Final = alone
        self._at = datetime.now(UTC).timestamp()

    def route(self, called: object, defaults: Json, *, view: str) -> Json:
        """Route one number."""
        with hearing():
            return dict(self.alone.ask(self.alone.desk.one({**defaults, "called": called}, view, at=self._at)))

    def many(self, pieces: Iterable[list[Asked]], defaults: Json, *, view: str) -> Iterator[Answers]:
        """Route many."""
        for piece in pieces:
            yield _answers(piece, lambda queries: self._plans({**defaults, "queries": queries}, view))

    def _plans(self, body: Json, view: str) -> list[Json]:
        with hearing():
            return self.alone.ask(_all(self.alone.desk.several(body, view, at=self._at)))

    def ask(self, what: str, body: Json) -> Json:
        """Ask a question."""
        desk = self.alone.desk
        with hearing():
            work = desk.from_iam(body, at=self._at) if what == "iam" else desk.simulate(body, at=self._at)
            return dict(self.alone.ask(work))

    def tell(self, what: str, limit: int | None = None) -> Json:
        """Ask for something that needs no question."""
        desk = self.alone.desk
        return dict(desk.tables() if what == "tables" else desk.check(limit or 100))


@contextmanager
def hearing() -> Iterator[None]:
    """End as wrong usage, with the rule, where a question is wrong."""
    from hss.services.routing_fields import QueryRefused  # noqa: PLC0415 - a service is asked without it

    try:
        yield
    except QueryRefused as error:
        raise WrongQuestion(f"{error}") from error


@contextmanager
def hearing_service() -> Iterator[None]:
    """End as wrong usage where a service does not understand a question."""
    try:
        yield
    except ServiceRefusal as error:
        if error.status in UNDERSTOOD_NOT:
            raise WrongQuestion(error.message) from error
        raise


class Comparing(Protocol):
    """Compares two sets of tables."""

    def __call__(self, queries: list[str]) -> Json:
        """Give `compared`, `differences` and `refused`, where `query` counts the queries from 1."""
        ...


@contextmanager
def comparing(api: Api, old: str, new: str, query: Json) -> Iterator[Comparing]:
    """Choose what is compared: two generations of a service, or two databases (or `sample`)."""
    places = [old, new]
    if all(place.isdecimal() for place in places):

        def by_service(queries: list[str]) -> Json:
            with hearing_service():
                found: Json = api.send("POST", "route", "diff", body={**query, **between, "queries": queries})
            return found

        between = {"old": int(old), "new": int(new)}
        yield by_service
        return
    for place in places:
        _demand_place(place)
    with _alone(places) as (one, other):
        at = datetime.now(UTC).timestamp()

        def by_places(queries: list[str]) -> Json:
            from hss.app.routing_alone import differences  # noqa: PLC0415 - a service is asked without it
            from hss.services.routing_desk import comparison  # noqa: PLC0415

            with hearing():
                return dict(comparison(list(differences(one, other, iter(queries), query, at=at))))

        yield by_places


def _demand_place(place: str) -> None:
    if place != "sample" and "://" not in place and not Path(place).is_file():
        raise click.UsageError(
            f"{place}: there is no such file. OLD and NEW are both numbers of generations that the running service "
            "keeps (`hss route tables` lists them), or each is a database or `sample`"
        )


@contextmanager
def _alone(places: list[str]) -> Iterator[list["Alone"]]:
    from hss.app.routing_alone import from_database, from_sample  # noqa: PLC0415 - a service is asked without it

    with ExitStack() as stack:
        yield [
            stack.enter_context(from_sample() if place == "sample" else from_database(place, None)) for place in places
        ]
