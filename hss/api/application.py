"""The door of the management API."""

from collections.abc import Iterable

from aiohttp import web

from hss.api import contacts, subscribers
from hss.api.bulk import Bulk
from hss.api.catalogue import KINDS
from hss.api.documentation import Documentation
from hss.api.middleware import Gate, add_headers
from hss.api.ports import (
    SERVICES,
    SETTINGS,
    ApiSettings,
    Services,
)
from hss.api.resources import Endpoint
from hss.api.watching import Watching


def build_api(
    services: Services, settings: ApiSettings, *, further: Iterable[web.AbstractRouteDef] = ()
) -> web.Application:
    """Join the management API to what it asks; `further` are routes of the caller, inside the same gate."""
    gate = Gate(settings)
    app = web.Application(middlewares=[gate.serve], client_max_size=settings.body_octets)
    app[SERVICES] = services
    app[SETTINGS] = settings
    app.on_response_prepare.append(add_headers)
    for kind in KINDS:
        app.add_routes(Endpoint(kind, kind.of(services)).routes())
    app.add_routes(contacts.routes())
    app.add_routes(subscribers.routes())
    app.add_routes(Bulk(settings).routes())
    app.add_routes(Watching(services.counters, gate).routes())
    app.add_routes(Documentation().routes())
    app.add_routes(further)
    return app
