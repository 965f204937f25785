"""Step 10: the S-CSCF of the user by the decision of LIR, and the contacts that it calls."""

from typing import Final

from routing.contacts import Registration
from routing.entering import HSS_UNREACHABLE, UNKNOWN_USER
from routing.forking import host_of, plan_fork
from routing.plan import Outcome, Step
from routing.ports import Location
from routing.way import Way

SCSCF_DOWN: Final = Outcome("unavailable", 503, 41, why="the S-CSCF cannot be reached")
IDENTITY_BARRED: Final = Outcome("barred", 404, 1, why="a barred identity is not routed")
NOT_REGISTERED: Final = Outcome("unregistered", 480, 18, why="nobody is registered")
BY_APPLICATION_SERVER: Final = Outcome("routed", why="to the application server of a public service identity")
UNREGISTERED_SERVICES: Final = Outcome("unregistered-services", why="nobody is registered, and services take the call")
CONTACTS_UNKNOWN: Final = Outcome("routed", why="registered; only the S-CSCF knows the contacts")
NO_SCSCF: Final = Outcome("unregistered", 480, 18, why="no S-CSCF serves the user")

# TS 29.229 §6.2 and RFC 6733 §7.1
DIAMETER_SUCCESSES: Final = range(2000, 3000)
DIAMETER_UNABLE_TO_DELIVER: Final = 3002
DIAMETER_ERROR_USER_UNKNOWN: Final = 5001
DIAMETER_ERROR_IDENTITY_NOT_REGISTERED: Final = 5003


def locate(way: Way) -> Outcome | None:
    """Step 10, first half: the S-CSCF, by the decision of LIR."""
    if not way.query.follow:
        return Outcome("routed")
    suppose = way.query.suppose
    identity = way.tel_uri or ""
    if suppose.hss_unreachable:
        location = Location(DIAMETER_UNABLE_TO_DELIVER, why="supposed")
    else:
        location = way.state.subscribers.location(identity)
    if suppose.scscf_unset:
        location = location._replace(scscf=None, why="supposed")
    way.location = location
    if way.query.explain:
        result = f"{location.result}"
        way.trace.append(Step(10, "location", identity, location.scscf, "LIR/LIA", location.why or result))
    return _unlocated(way, location)


def _unlocated(way: Way, location: Location) -> Outcome | None:
    if location.result not in DIAMETER_SUCCESSES:
        return {
            DIAMETER_ERROR_USER_UNKNOWN: UNKNOWN_USER,
            DIAMETER_ERROR_IDENTITY_NOT_REGISTERED: NOT_REGISTERED,
        }.get(location.result, HSS_UNREACHABLE)
    if location.scscf is None:
        return UNREGISTERED_SERVICES if location.unregistered and not way.query.suppose.scscf_unset else NO_SCSCF
    if way.down and host_of(location.scscf) in way.down:
        return SCSCF_DOWN
    if location.direct_routing:
        return BY_APPLICATION_SERVER
    return UNREGISTERED_SERVICES if location.unregistered else None


def fork_contacts(way: Way) -> Outcome | None:
    """Step 10, second half: the contacts."""
    query = way.query
    registration = _registration(way)
    if registration is not None:
        way.identities = registration.identities
        if way.tel_uri in registration.identities.barred:
            return IDENTITY_BARRED
        if registration.contacts:
            way.fork = plan_fork(registration, query.at, query.wishes, query.mode)
    if query.explain:
        _explain_fork(way, registration)
    if way.fork is not None and way.fork.groups:
        return None
    return NOT_REGISTERED if registration is None or registration.contacts else CONTACTS_UNKNOWN


def _registration(way: Way) -> Registration | None:
    if way.query.suppose.nobody_registered:
        return None
    return way.state.subscribers.registration(way.tel_uri or "")


def _explain_fork(way: Way, registration: Registration | None) -> None:
    fork = way.fork
    if fork is None:
        why = NOT_REGISTERED.why if registration is None else CONTACTS_UNKNOWN.why
        way.trace.append(Step(10, "fork", way.tel_uri, None, None, why))
        return
    branches, groups = sum([len(group.branches) for group in fork.groups]), len(fork.groups)
    found = f"{branches} INVITE{'s' if branches != 1 else ''} in {groups} group{'s' if groups != 1 else ''}"
    way.trace.append(Step(10, "fork", way.tel_uri, found, fork.mode, fork.decided_by, None, fork.dropped))
