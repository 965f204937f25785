"""What the configuration says about the SS7 stack."""

import secrets
from typing import Final

from hss.app.opening import CannotStart
from hss.app.settings import Settings
from hss.sigtran.m3ua.application_server import ServerConfig
from hss.sigtran.m3ua.asp import AspConfig
from hss.sigtran.m3ua.association import Pulse
from hss.sigtran.m3ua.gateway import GatewayConfig
from hss.sigtran.map.contexts import HIGHEST, LOWEST
from hss.sigtran.map.machine import MapConfig
from hss.sigtran.sccp.address import Address
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import NodeConfig
from hss.sigtran.tcap.machine import TcapConfig
from hss.store.engine import Store
from schemas.addresses import GlobalTitle
from schemas.numbers.m3ua import TrafficMode
from schemas.numbers.sccp import Subsystem

PAGE: Final = 1000  # operators that are read at once
TRANSACTIONS: Final = 16  # of all peers together, for each one that a single peer may have open elsewhere


async def hlr_number(settings: Settings, store: Store) -> str | None:
    """Find our own global title: the configured one, else the HLR number that all operators share, if they do."""
    if settings.hlr_number is not None:
        return settings.hlr_number[1:]
    found: set[str] = set()
    after: str | None = None
    while True:
        page = await store.operators.page(after=after, limit=PAGE, filters={})
        found.update(one.document.hlr_number[1:] for one in page.items if one.document.hlr_number is not None)
        after = page.next_after
        if after is None or len(found) > 1:
            return found.pop() if len(found) == 1 else None


def check_real_vlr(settings: Settings, own_number: str | None) -> None:
    """Raise `CannotStart` where a real VLR is to be asked, and it is not said by whom and by which way."""
    if settings.vlr != "real":
        return
    missing = [key for key in ("point_code", "gateway_point_code") if getattr(settings, key) is None]
    missing += [] if own_number is not None else ["hlr_number"]
    if missing:
        raise CannotStart(f"vlr: a real VLR needs {', '.join(missing)}")


def node_config(settings: Settings, own_number: str | None) -> NodeConfig:
    """Make the configuration of all layers; chance chooses the first transaction id."""
    servers = tuple(ServerConfig(routing_context=context) for context in settings.contexts)
    own = None if own_number is None else Address(subsystem=Subsystem.HLR, title=GlobalTitle(digits=own_number))
    return NodeConfig(
        gateway=GatewayConfig(
            point_code=settings.point_code,
            network_appearance=settings.network_appearance,
            servers=servers or None,
        ),
        sccp=SccpConfig(
            point_code=settings.point_code or 0,
            network_indicator=settings.network_indicator,
            own=own,
            gateway=settings.gateway_point_code,
        ),
        tcap=TcapConfig(first_id=secrets.randbits(32), most_transactions=most_transactions(settings)),
        map=MapConfig(highest=highest_versions(settings.map_version)),
        pulse=Pulse(every_s=settings.m3ua_beat_s),
    )


def most_transactions(settings: Settings) -> int:
    """Bound the dialogues that wait, those of ours to VLRs among them; beyond it a Begin is aborted."""
    return TRANSACTIONS * settings.max_open_requests


def highest_versions(version: int) -> dict[int, int]:
    """Lower the version of each context to `version`, where there is such a version of it."""
    return {context: min(highest, version) for context, highest in HIGHEST.items() if LOWEST.get(context, 1) <= version}


def asp_config(settings: Settings) -> AspConfig:
    """Make the configuration of an association that we open."""
    return AspConfig(
        routing_contexts=settings.contexts,
        mode=TrafficMode.LOADSHARE,
        network_appearance=settings.network_appearance,
    )
