"""Number routing without a running service: from a database, or from the sample data without any database."""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from hss.app.routing_results import result_of
from hss.services.cx import CxService, ServedIdentities
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import ReadModel
from hss.services.routing import RoutingService
from hss.services.routing_desk import RoutingDesk, refusal
from hss.services.routing_documents import Bundle, Documents
from hss.services.routing_fields import QueryRefused
from hss.services.routing_queries import difference
from hss.services.routing_subscribers import Calls, Sources
from hss.services.routing_tables import NumberSource, read_material
from routing.compare import Difference, changed_facts
from routing.plan import Plan, Query
from schemas import documents as d

T = TypeVar("T")
ENTRIES: Final = 100_000

# Of the sample data; what routing does not ask for is left out.
KINDS: Final[Mapping[str, type[d.Document]]] = {
    "icscf-pools": d.IcscfPool,
    "operators": d.Operator,
    "shared-filter-criteria-sets": d.SharedFilterCriteriaSet,
    "service-profiles": d.ServiceProfile,
    "subscriptions": d.Subscriber,
    "ported-numbers": d.PortedNumber,
}


class Alone:
    """A desk without a service around it, for a caller that does not await."""

    def __init__(self, desk: RoutingDesk, runner: asyncio.Runner) -> None:
        self.desk: Final = desk
        self._runner = runner

    def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for an answer."""
        return self._runner.run(work)


@contextmanager
def from_sample() -> Iterator[Alone]:
    """Route by the sample data."""
    documents = Documents(sample_bundle())
    with asyncio.Runner() as runner:
        yield Alone(runner.run(_desk(documents, documents, documents, documents.domains)), runner)


@contextmanager
def from_database(database: str, key_file: Path | None) -> Iterator[Alone]:
    """Route by a database; raise `CannotStart` where it cannot be opened."""
    from hss.app.opening import CannotStart, opened_store  # noqa: PLC0415 - the sample data needs no database
    from hss.app.settings import Settings  # noqa: PLC0415

    settings = Settings.model_validate({"database": database, "secrets_key_file": key_file})
    if "://" not in database and not Path(database).is_file():  # asking must not make one
        raise CannotStart(f"database {database}: there is no such file")
    with asyncio.Runner() as runner:
        store = runner.run(opened_store(settings))
        try:
            domains = runner.run(store.cx.home_domains())
            yield Alone(runner.run(_desk(store.numbering, store.calls, store.cx, domains)), runner)
        finally:
            runner.run(store.close())


def differences(
    old: Alone, new: Alone, queries: Iterator[object], defaults: Mapping[str, Any], *, at: float
) -> Iterator[Mapping[str, Any] | None]:
    """Route by two databases, number by number: None where both do the same; what is no query has `error`.

    `defaults` is a query without a number. Raises `QueryRefused` for it.
    """
    readers = [one.desk.reader(at=at, defaults={**defaults, "explain": False}) for one in (old, new)]
    for body in queries:
        try:
            asked = [queries_of.read(body) for queries_of in readers]
        except QueryRefused as error:
            yield refusal(error)
            continue
        changes = tuple(changed_facts(*_both(old, new, asked)))
        if changes:
            plans = _both(old, new, [replace(query, explain=True) for query in asked])
            yield difference(Difference(asked[0].called, changes, *plans))
        else:
            yield None


def _both(old: Alone, new: Alone, queries: Sequence[Query]) -> tuple[Plan, Plan]:
    return old.ask(old.desk.plan_of(queries[0])), new.ask(new.desk.plan_of(queries[1]))


def sample_bundle() -> Bundle:
    """Read the sample data."""
    bundle = json.loads(files("hss.app").joinpath("data/sample.json").read_text())
    return bundle_of(bundle)


def bundle_of(values: Mapping[str, Any]) -> Bundle:
    """Read documents by the names of their resources."""
    read: dict[str, Any] = {
        name.replace("-", "_"): [document.model_validate(one) for one in values.get(name, ())]
        for name, document in KINDS.items()
    }
    return Bundle(**read)


async def _desk(
    source: NumberSource, calls: Calls, identities: ServedIdentities, domains: frozenset[str]
) -> RoutingDesk:
    cx = CxService(
        store=identities, known=ReadModel(ENTRIES), members=Membership(), wildcards=WildcardIndex(), home=domains
    )
    await cx.load_wildcards()
    service = RoutingService(
        Sources(cx=cx, calls=calls, parties=ReadModel(ENTRIES), registrations=ReadModel(ENTRIES), result_of=result_of)
    )
    service.swap((await read_material(source)).built(1))
    return RoutingDesk(service)
