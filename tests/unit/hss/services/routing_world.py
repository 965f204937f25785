"""Number routing over documents in memory that can be changed, with a count of what was loaded."""

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hss.app.routing_alone import bundle_of, sample_bundle
from hss.app.routing_results import result_of
from hss.services.cx import CxService
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import ReadModel
from hss.services.routing import RoutingService
from hss.services.routing_desk import RoutingDesk
from hss.services.routing_documents import Bundle, Documents
from hss.services.routing_subscribers import Sources
from hss.services.routing_tables import read_material
from routing.enum_dns.answers import EnumSettings
from routing.normalise import DEFAULT_PROFILE, Profile

T = TypeVar("T")
MOBILE, FIXED = "+491715407090", "+497219578290"
NOON = 1_795_262_400.0  # 2026-11-21T12:00:00Z


def now(work: Awaitable[T] | T) -> T:
    """Give an answer that is there, or that comes without anybody having to wait: all data are in memory."""
    if not isinstance(work, Awaitable):
        return work
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("something waits")


@dataclass
class World:
    """A routing service and the documents behind it."""

    bundle: Bundle = field(default_factory=sample_bundle)
    loads: list[str] = field(default_factory=list)
    profile: Profile = DEFAULT_PROFILE

    def __post_init__(self) -> None:
        self.documents = Documents(self.bundle)
        self.parties: ReadModel[str, Any] = ReadModel(1000)
        self.registrations: ReadModel[str, Any] = ReadModel(1000)
        self.cx = CxService(
            store=self, known=ReadModel(1000), members=Membership(), wildcards=WildcardIndex(), home=("ims.example",)
        )
        self.service = RoutingService(self.sources(), enum=EnumSettings(profile=self.profile))
        self.desk = RoutingDesk(self.service)
        now(self.cx.load_wildcards())

    def sources(self) -> Sources:
        return Sources(
            cx=self.cx, calls=self, parties=self.parties, registrations=self.registrations, result_of=result_of
        )

    def built(self) -> "World":
        """Build the tables."""
        number = self.service.current.tables.generation + 1
        self.service.swap(now(read_material(self.documents)).built(number))
        return self

    def change(self, **lists: Any) -> "World":
        """Put other documents in the place of some; readers have to be told."""
        self.bundle = replace(self.bundle, **lists)
        self.documents = Documents(self.bundle)
        return self

    async def by_msisdn(self, msisdn: Any) -> Any:
        self.loads.append(f"party {msisdn}")
        return await self.documents.by_msisdn(msisdn)

    async def registration(self, uri: str) -> Any:
        self.loads.append(f"registration {uri}")
        return await self.documents.registration(uri)

    async def by_uri(self, uri: str) -> Any:
        self.loads.append(f"identity {uri}")
        return await self.documents.by_uri(uri)

    async def wildcards(self) -> Any:
        return await self.documents.wildcards()

    async def note_reassignment(self, uri: str) -> None:
        raise AssertionError(f"a route query writes nothing, not even of {uri}")


def operator(name: str, kind: int, **more: Any) -> dict[str, Any]:
    """Describe an operator."""
    return {"name": name, "type": kind, "home_domain": f"{name}.example", "country_code": "49", **more}


def subscriber(name: str, owner: str, *uris: str, **more: Any) -> dict[str, Any]:
    """Describe a registered subscriber."""
    identities = [{"uri": uri} for uri in uris]
    scscf = {"name": f"sip:scscf.{owner}.example"}
    contacts = [{"identity": uris[0], "uri": f"sip:{name}@192.0.2.1"}]
    values = {"sets": [{"identities": identities, "state": "registered"}], "scscf": scscf, "contacts": contacts}
    return {"name": name, "operator": owner, **values, **more}


def world(**resources: Any) -> World:
    """Make a world of documents, by the names of their resources."""
    return World(bundle_of({name.replace("_", "-"): value for name, value in resources.items()})).built()
