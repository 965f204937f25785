"""Who answers the questions of `hss route`: a running service, or this process alone."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from hss.cli.http import Api
from hss.cli.output import Refusal

if TYPE_CHECKING:
    from hss.app.routing_alone import Alone

PIECE: Final = 500  # numbers of one request of a batch

Json = dict[str, Any]


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

    def many(self, called: Iterable[object], defaults: Json, *, view: str) -> Iterator[tuple[object, Json]]:
        """Route many; what is no query is answered by an object with `error`."""
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


class Service:
    """A running service."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def route(self, called: object, defaults: Json, *, view: str) -> Json:
        """Route one number."""
        found: Json = self._api.send("POST", "route", body={**defaults, "called": called}, view=view)
        return found

    def many(self, called: Iterable[object], defaults: Json, *, view: str) -> Iterator[tuple[object, Json]]:
        """Route many, some hundred in each request."""
        source = iter(called)
        while piece := list(islice(source, PIECE)):
            queries = [one if isinstance(one, str) else {"called": one} for one in piece]
            found = self._api.send("POST", "route", body={**defaults, "queries": queries}, view=view)
            yield from zip(piece, found["plans"], strict=True)

    def ask(self, what: str, body: Json) -> Json:
        """Ask a question."""
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

    def many(self, called: Iterable[object], defaults: Json, *, view: str) -> Iterator[tuple[object, Json]]:
        """Route many."""
        source = iter(called)
        while piece := list(islice(source, PIECE)):
            body = {**defaults, "queries": [one if isinstance(one, str) else {"called": one} for one in piece]}
            with hearing():
                found = list(self.alone.each(self.alone.desk.several(body, view, at=self._at)))
            yield from zip(piece, map(dict, found), strict=True)

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
    """End with status 1 and the rule where a question is wrong, as a service would make it end."""
    from hss.services.routing_fields import QueryRefused  # noqa: PLC0415 - a service is asked without it

    try:
        yield
    except QueryRefused as error:
        raise Refusal(f"{error}") from error


def compare_places(old: str, new: str, called: list[str]) -> Json:
    """Compare two databases (or `sample`), number by number."""
    from hss.app.routing_alone import differences, from_database, from_sample  # noqa: PLC0415

    with ExitStack() as stack, hearing():
        one, other = (
            stack.enter_context(from_sample() if place == "sample" else from_database(place, None))
            for place in (old, new)
        )
        found = list(differences(one, other, iter(called), at=datetime.now(UTC).timestamp()))
    return {"compared": len(found), "differences": [each for each in found if each is not None]}
