"""An HSS without a socket, and the messages of the vectors."""

import asyncio
import json
from collections.abc import Awaitable, Collection
from pathlib import Path
from typing import Any

from hss.diameter import cx as wire
from hss.diameter.avps import Avps
from hss.diameter.codec import Reader
from hss.diameter.dictionary import base, grammar
from hss.diameter.dispatch import Caller, Dispatcher
from hss.diameter.framing import Framing
from hss.diameter.local import Local
from hss.diameter.peer import Link, PeerMachine, Surroundings, end_to_end_identifiers
from hss.diameter.peers import PeerTable
from hss.procedures.cx import Capabilities, ServedIdentity
from hss.services.cx import CxService
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import ReadModel
from schemas.numbers.diameter import Application, BaseAvp
from schemas.states import IdentityKind, RegistrationState

VECTORS = Path(__file__).parents[3] / "vectors" / "cx"
HOME = frozenset({"ims.test"})
SCSCF = "sip:scscf.ims.test:6060"
REGISTERED = RegistrationState.REGISTERED


def messages(file: str) -> dict[str, bytes]:
    """Load the octets of a vector file by name."""
    rows = json.loads((VECTORS / file).read_text())["messages"]
    return {row["name"]: bytes.fromhex(row["hex"]) for row in rows}


def malformed() -> list[dict[str, Any]]:
    """Load the malformed inputs."""
    cases: list[dict[str, Any]] = json.loads((VECTORS / "cx_malformed.json").read_text())["cases"]
    return cases


KAMAILIO = messages("cx_kamailio.json")
BENCH = messages("cx_bench.json")

IDENTITIES = [
    ServedIdentity(uri="sip:+491715400000@ims.test", state=REGISTERED, scscf_name=SCSCF),
    ServedIdentity(uri="sip:b@ims.test", state=REGISTERED, scscf_name=SCSCF),
    ServedIdentity(uri="tel:+491715407090", state=REGISTERED, scscf_name=SCSCF),
    ServedIdentity(uri="sip:notreg@ims.test"),
    ServedIdentity(uri="sip:broken@ims.test", state=REGISTERED),
    ServedIdentity(
        uri="sip:unreg@ims.test",
        unregistered_services=True,
        capabilities=Capabilities(mandatory=(1, 2), optional=(3,), names=(SCSCF,)),
    ),
    ServedIdentity(
        uri="sip:service@ims.test", kind=IdentityKind.DISTINCT_PSI, application_server="sip:as.ims.test:5065"
    ),
    ServedIdentity(
        uri="sip:chat!.*!@ims.test",
        kind=IdentityKind.WILDCARDED_PSI,
        application_server="sip:as.ims.test:5065",
        scscf_name=SCSCF,
        state=REGISTERED,
    ),
]


class MemoryStore:
    """Identities in a dict; `asked` lists what was looked up."""

    def __init__(self, identities: list[ServedIdentity] | None = None) -> None:
        self.rows = {row.uri: row for row in (IDENTITIES if identities is None else identities)}
        self.asked: list[str] = []
        self.noted: list[str] = []

    async def by_uri(self, uri: str) -> ServedIdentity | None:
        self.asked.append(uri)
        if uri == "sip:fault@ims.test":
            raise ConnectionError("the database is gone")
        return self.rows.get(uri)

    async def wildcards(self) -> list[str]:
        return [uri for uri in self.rows if uri.count("!") >= 2]

    async def note_reassignment(self, uri: str) -> None:
        self.noted.append(uri)


class Everything:
    """A service with its parts."""

    def __init__(self, identities: list[ServedIdentity] | None = None, **options: Any) -> None:
        self.store = MemoryStore(identities)
        self.known: ReadModel[str, ServedIdentity] = ReadModel(options.pop("limit", 1000))
        self.members = Membership()
        self.wildcards = WildcardIndex()
        self.service = CxService(
            store=self.store,
            known=self.known,
            members=self.members,
            wildcards=self.wildcards,
            home=options.pop("home", HOME),
            **options,
        )
        asyncio.run(self.service.load_wildcards())

    def filtered(self) -> "Everything":
        """Build the membership filter."""
        self.members.begin(len(self.store.rows))
        self.members.add_all(self.store.rows)
        self.members.finish()
        return self


def local(**changes: Any) -> Local:
    """Make the HSS of the vectors."""
    given: dict[str, Any] = {
        "origin_host": "hss.ims.test",
        "origin_realm": "ims.test",
        "host_addresses": ("127.0.0.1",),
        "origin_state_id": 1_700_000_000,
    }
    return Local(**(given | changes))


CLIENT = local(origin_host="icscf.ims.test", origin_state_id=7)
CALLER_APPLICATIONS = frozenset({int(Application.CX)})


def caller() -> Caller:
    return Caller(CALLER_APPLICATIONS)


def dispatcher(everything: Everything, given: Local | None = None) -> Dispatcher:
    return Dispatcher(given or local(), wire.entries(everything.service, HOME))


class Known:
    """Peers whose name is known."""

    def __init__(self, *hosts: str, barred: Collection[str] = ()) -> None:
        self.hosts = hosts
        self.barred = barred

    def admits(self, origin_host: str) -> bool | None:
        return False if origin_host in self.barred else True if origin_host in self.hosts else None


def surroundings(everything: Everything | None = None, **changes: Any) -> Surroundings:
    given = local(**changes)
    return Surroundings(
        local=given,
        dispatcher=dispatcher(everything or Everything().filtered(), given),
        peers=Known("icscf.ims.test", "scscf.ims.test"),
        table=PeerTable(),
        jitter=lambda: 0.0,
        end_to_end=end_to_end_identifiers(1, 2),
    )


def accepted(around: Surroundings, **link: Any) -> PeerMachine:
    """Make a machine for a connection that a peer made."""
    return PeerMachine(around, Link(hop_by_hop=7, **link))


def framed(around: Surroundings, **link: Any) -> Framing:
    return Framing(accepted(around, **link), limit=around.local.max_message_octets)


def settled(answer: bytes | Awaitable[bytes]) -> bytes:
    """Wait for an answer where it takes its time."""
    if isinstance(answer, bytes):
        return answer

    async def wait() -> bytes:
        return await answer

    return asyncio.run(wait())


ANY = Reader(grammar(""), forgiving=True)


def read(message: bytes) -> Avps:
    return ANY.read(message)


def result(message: bytes) -> tuple[int, int]:
    """Give result code and its vendor."""
    avps = read(message)
    group = avps.value(base(BaseAvp.EXPERIMENTAL_RESULT))
    if group is None:
        return avps.value(base(BaseAvp.RESULT_CODE)), 0
    return group.value(base(BaseAvp.EXPERIMENTAL_RESULT_CODE)), group.value(base(BaseAvp.VENDOR_ID))
