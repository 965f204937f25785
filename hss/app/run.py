"""Start, run and end the service. What answers calls starts first; the rest is imported when that listens."""

import asyncio
import gc
import shutil
import signal
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Final

from hss import __version__
from hss.app.diameter import DiameterSide
from hss.app.knowledge import Knowledge
from hss.app.levels import ENDINGS, LEVEL_OF
from hss.app.observe import Observer
from hss.app.opening import CannotStart, opened_store
from hss.app.running import Core, Running, Say
from hss.app.settings import Settings
from hss.store.engine import Store

GARBAGE_THRESHOLD: Final = 20_000  # new objects between two searches; Python's own is 700

TRY: Final = (
    "query lir tel:+491715407090",
    "query sri +491715407090",
    "subscriber list",
    "route +49-721-957829-0",
)


async def serve(settings: Settings, say: Say) -> None:
    """Serve until SIGINT or SIGTERM; raise `CannotStart` where the configuration cannot be carried out."""
    stop = _stop_by_signal()
    store = await opened_store(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            title = f"Homeward {__version__}, {settings.origin_host}, database {settings.shown_database}"
            running = Running(tasks, say, title)
            await start(settings, store, running)
            _settle_memory()
            for line in _invitation():
                say(line)
            await stop.wait()
            say("Ending: peers are told, what is under way is answered.")
            await running.end()
    except* CannotStart as group:
        raise group.exceptions[0] from None
    finally:
        await store.close()


async def start(settings: Settings, store: Store, running: Running) -> None:
    """Join everything: what is known, Diameter, then the other protocols and who administers and watches them."""
    knowledge = Knowledge(
        store,
        entries=settings.cache_entries,
        number_behind_sip=settings.sip_uri_is_number,
        restoration=settings.ims_restoration,
    )
    await knowledge.load()
    core = Core(settings=settings, knowledge=knowledge, observer=Observer(LEVEL_OF, endings=ENDINGS), running=running)
    diameter = DiameterSide(settings, knowledge, running.tasks, core.observer)
    running.sides.append(diameter)
    await running.open(diameter.plans())
    await _start_rest(core, diameter)
    running.keep(running.tasks.create_task(knowledge.keep_filter()))
    running.keep(running.tasks.create_task(diameter.keep_connected()))


async def _start_rest(core: Core, diameter: DiameterSide) -> None:
    # imported here, while Diameter answers already: together they take as long as everything before
    from hss.api.connections import connections_route  # noqa: PLC0415
    from hss.app.management import Watch, management_plan  # noqa: PLC0415
    from hss.app.routing import RoutingSide  # noqa: PLC0415
    from hss.app.sigtran import MapSide  # noqa: PLC0415
    from hss.app.sigtran_config import hlr_number  # noqa: PLC0415
    from hss.app.sigtran_levels import LEVEL_OF as SIGTRAN_LEVEL_OF  # noqa: PLC0415

    settings, knowledge, observer, running = core.settings, core.knowledge, core.observer, core.running
    store, tasks = knowledge.store, running.tasks
    observer.add(SIGTRAN_LEVEL_OF)
    calls = MapSide(settings, knowledge, tasks, observer, await hlr_number(settings, store))
    running.sides.append(calls)
    routing = RoutingSide(settings, store, knowledge, tasks, observer)
    watch = Watch(knowledge, observer, lambda: chain(diameter.samples(), calls.samples(), routing.samples()))
    connections = connections_route(diameter.connections, calls.connections)
    api = management_plan(settings, store, watch, [connections, *calls.routes(), *routing.routes()])
    running.keep(tasks.create_task(routing.tables.keep()))
    await routing.tables.wait()
    await running.open([*calls.plans(), api, *routing.plans()])
    watch.listeners = [one.report for one in running.opened]
    running.keep(tasks.create_task(calls.keep_connected()))


def _settle_memory() -> None:
    """Leave what the start made out of every later search for garbage, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, *gc.get_threshold()[1:])


def _invitation() -> Iterator[str]:
    """Name commands to try, as this shell can find them."""
    program = "hss" if shutil.which("hss") else sys.argv[0]
    yield "Try, in a second shell:"
    for command in TRY:
        yield f"  {program} {command}"


def _stop_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
