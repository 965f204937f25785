from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from routing import Plan, Query, Rows, State, Tables, build, route
from routing.contacts import Contact, Identities, Registration
from routing.ports import Location, RoutingInfo, RoutingInfoAsk, RoutingInfoResult
from routing.selection import Member, Policy, rank
from routing.tables import Operator, Pool, PortingForm

MOBILE = "+491715407090"
FIXED = "+497219578290"
LOCATION = Location(2001, "sip:scscf1.ims.example:6060", "distinct")
ICSCFS = tuple(Member(host=f"icscf{at}.ims.example") for at in (1, 2, 3))


def contact(at: int, pcscf: int, **more: object) -> Contact:
    return Contact(
        uri=f"sip:kunde@192.0.2.{at}:5060",
        path=(f"<sip:pcscf{pcscf}.ims.example;lr>",),
        instance=f"urn:uuid:{at}",
        device=("voip-phone", "umts", "wlan")[at % 3],
        **more,
    )


@dataclass
class Hss:
    """The HSS of the tests: one customer with a fixed and a mobile number."""

    registration_of: Registration | None = field(
        default_factory=lambda: Registration(
            identities=Identities(
                id="irs-17", default="sip:kunde@ims.example", members=(f"tel:{FIXED}", f"tel:{MOBILE}")
            ),
            contacts=(contact(1, 1), contact(2, 1), contact(3, 2)),
        )
    )
    location_of: Location = LOCATION
    info: RoutingInfo | None = None
    asked: list[object] = field(default_factory=list)

    def routing_info(self, ask: RoutingInfoAsk) -> RoutingInfo:
        self.asked.append(ask)
        if self.info is not None:
            return self.info
        ranking = rank(ICSCFS, Policy.RENDEZVOUS, ask.msisdn, down=ask.down)
        return RoutingInfo(RoutingInfoResult.ICSCF, ranking, Policy.RENDEZVOUS, why="ims first")

    def location(self, public_identity: str) -> Location:
        self.asked.append(public_identity)
        return self.location_of

    def registration(self, public_identity: str) -> Registration | None:
        self.asked.append(public_identity)
        return self.registration_of


def world_rows(**more: object) -> Rows:
    pool = Pool(name="main", members=ICSCFS)
    operators = {
        "mobil": Operator(name="mobil", type=1, entries=(Member(host="gmsc1.mobil.example"),), pool=pool),
        "festnetz": Operator(name="festnetz", type=2, entries=(Member(host="mgcf1.fest.example"),), pool=pool),
        "fremd": Operator(
            name="fremd",
            type=2,
            home=False,
            entries=(Member(host="mgcf.fremd.example", port=5070, transport="tcp"),),
            porting=PortingForm.RN,
        ),
        "transit": Operator(name="transit", type=2, home=False),
    }
    values = {
        "numbers": [("4972112345", "festnetz")],
        "ported": [
            ("491715550001", "D123", None),
            ("491715550002", None, "festnetz"),
            ("491715550003", "D999", None),
            ("491715550004", "+49199", None),
        ],
        "prefixes": [("49171", "mobil"), ("4972", "festnetz"), ("49199", "fremd"), ("498", "fremd")],
        "stems": [("49721957829", "festnetz", 1, 4)],
        "routing_numbers": [("D123", "fremd"), ("D1", "mobil"), ("D2", "festnetz")],
        "carriers": [("+15062", "transit")],
        "services": [("19222", "+49", "urn:service:sos.ambulance", "festnetz"), ("115", "+49", None, None)],
    }
    return Rows(operators=operators, **(values | more))


@pytest.fixture
def hss() -> Hss:
    return Hss()


@pytest.fixture(scope="session")
def tables() -> Tables:
    return build(world_rows(), generation=412)


@pytest.fixture
def rows() -> Callable[..., Rows]:
    return world_rows


@pytest.fixture
def ask(hss: Hss, tables: Tables) -> Callable[..., Plan]:
    """Route a number in the world of the tests; keywords go into the query."""

    def asked(
        called: object, *, into: Tables = tables, turn: int = 0, down: dict[str, str] | None = None, **query: object
    ) -> Plan:
        return route(Query(called=called, **query), into, State(subscribers=hss, turn=turn, down=down or {}))

    return asked
