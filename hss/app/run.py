"""Start, run and end the service."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from itertools import chain

from hss import __version__
from hss.api.ports import ListenerState
from hss.app.connections import connections_route
from hss.app.diameter import DiameterSide
from hss.app.knowledge import Knowledge
from hss.app.levels import LEVEL_OF
from hss.app.listeners import CannotListen, Opened, end_all, open_all
from hss.app.management import Watch, management_plan
from hss.app.observe import Observer
from hss.app.opening import CannotStart, opened_store
from hss.app.routing import RoutingSide
from hss.app.settings import Settings
from hss.app.sigtran import MapSide
from hss.app.sigtran_config import hlr_number
from hss.store.engine import Store


async def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; raise `CannotStart` where the configuration cannot be carried out."""
    stop = _stop_by_signal()
    store = await opened_store(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            opened, sides, background = await _start(settings, store, tasks)
            for line in _greeting(settings, opened):
                say(line)
            await stop.wait()
            say("Ending: peers are told, what is under way is answered.")
            for task in background:
                task.cancel()
            await asyncio.gather(end_all(opened), *(side.end() for side in sides))
    except* CannotStart as group:
        raise group.exceptions[0] from None
    finally:
        await store.close()


async def _start(
    settings: Settings, store: Store, tasks: asyncio.TaskGroup
) -> tuple[list[Opened], tuple[DiameterSide, MapSide], list[asyncio.Task[None]]]:
    """Join everything: what is known, then the protocols, then who administers and watches them."""
    knowledge = Knowledge(
        store,
        entries=settings.cache_entries,
        number_behind_sip=settings.sip_uri_is_number,
        restoration=settings.ims_restoration,
    )
    await knowledge.load()
    observer = Observer(LEVEL_OF)
    diameter = DiameterSide(settings, knowledge, tasks, observer)
    calls = MapSide(settings, knowledge, tasks, observer, await hlr_number(settings, store))
    routing = RoutingSide(settings, store, knowledge, tasks, observer)
    watch = Watch(knowledge, observer, lambda: chain(diameter.samples(), calls.samples(), routing.samples()))
    connections = connections_route(diameter.connections, calls.connections)
    api = management_plan(settings, store, watch, [connections, *calls.routes(), *routing.routes()])
    plans = [*diameter.plans(), *calls.plans(), api, *routing.plans()]
    background = [tasks.create_task(routing.tables.keep())]
    await routing.tables.wait()
    try:
        opened = await open_all(plans)
    except CannotListen as error:
        raise CannotStart(str(error)) from error
    watch.listeners = [one.report for one in opened]
    background += [
        tasks.create_task(work) for work in (knowledge.keep_filter(), diameter.keep_connected(), calls.keep_connected())
    ]
    return opened, (diameter, calls), background


def _greeting(settings: Settings, opened: list[Opened]) -> Iterator[str]:
    yield f"Homeward {__version__}, {settings.origin_host}, database {settings.shown_database}"
    for one in opened:
        listens = one.report.state is ListenerState.LISTENING
        yield f"  {one.report.name:<15} {one.report.address if listens else f'off: {one.report.reason}'}"
    yield "Try, in a second shell:"
    yield "  hss query lir tel:+491715407090"
    yield "  hss query sri +491715407090"
    yield "  hss subscriber list"
    yield "  hss route +49-721-957829-0"


def _stop_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
