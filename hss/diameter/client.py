"""The asking side of Cx, for queries and load: the same peer machine in the other role.

A query is one connection of a `PeerMachine`, with a `Link` whose `expected_host` may be "": on `PeerOpened` it is given
`request(location_info_request(...))`, the event `Answered` is read by `location_info`, and `shut_down` ends it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from hss.diameter.answers import vendor_specific_application
from hss.diameter.avps import Avps
from hss.diameter.codec import Header, encoded, scan
from hss.diameter.cx import (
    FEATURE_LIST,
    FEATURE_LIST_ID,
    LIA_FLAGS,
    MANDATORY_CAPABILITY,
    OPTIONAL_CAPABILITY,
    ORIGINATING_REQUEST,
    PUBLIC_IDENTITY,
    SERVER_CAPABILITIES,
    SERVER_NAME,
    SUPPORTED_FEATURES,
    USER_AUTHORIZATION_TYPE,
    VENDOR_ID,
    WILDCARDED_PUBLIC_IDENTITY,
)
from hss.diameter.dictionary import VENDOR_SHIFT, base, name_of
from hss.diameter.dispatch import Dispatcher
from hss.diameter.errors import Outcome, result_name
from hss.diameter.events import Answered
from hss.diameter.local import Local
from hss.diameter.peer import Request, Surroundings
from hss.diameter.peers import PeerTable
from schemas.numbers.cx import CxCommand, LiaFlag, UserAuthorizationType
from schemas.numbers.diameter import Application, AuthSessionState, BaseAvp, Flag

SESSION_ID: Final = base(BaseAvp.SESSION_ID)
ORIGIN_HOST: Final = base(BaseAvp.ORIGIN_HOST)
ORIGIN_REALM: Final = base(BaseAvp.ORIGIN_REALM)
DESTINATION_REALM: Final = base(BaseAvp.DESTINATION_REALM)
DESTINATION_HOST: Final = base(BaseAvp.DESTINATION_HOST)
AUTH_SESSION_STATE: Final = base(BaseAvp.AUTH_SESSION_STATE)
ERROR_MESSAGE: Final = base(BaseAvp.ERROR_MESSAGE)
FAILED_AVP: Final = base(BaseAvp.FAILED_AVP)
ORIGINATING: Final = 0  # the only value of Originating-Request


class Anybody:
    """Known peers of a client: it chose them itself."""

    def admits(self, origin_host: str) -> bool | None:  # noqa: ARG002 - any host
        """Take every peer."""
        return True


def surroundings(local: Local, *, jitter: Callable[[], float], end_to_end: Iterator[int]) -> Surroundings:
    """Make what a client needs around its machine: it serves no command."""
    return Surroundings(
        local=local,
        dispatcher=Dispatcher(local, (), kept_limit=1),
        peers=Anybody(),
        table=PeerTable(),
        jitter=jitter,
        end_to_end=end_to_end,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationInfoQuestion:
    """What to ask. `public` goes out as it is written."""

    public: str
    destination_realm: str
    session_id: str  # RFC 6733 8.8: host;number;number, never the same again
    destination_host: str | None = None
    originating: bool = False
    authorization_type: UserAuthorizationType | None = None


def location_info_request(local: Local, question: LocationInfoQuestion, *, token: object = None) -> Request:
    """Write an LIR (TS 29.229 6.1.5)."""
    avps = [
        encoded(SESSION_ID, question.session_id),
        encoded(ORIGIN_HOST, local.origin_host),
        encoded(ORIGIN_REALM, local.origin_realm),
        encoded(DESTINATION_REALM, question.destination_realm),
        vendor_specific_application(Application.CX),
        encoded(AUTH_SESSION_STATE, AuthSessionState.NO_STATE_MAINTAINED),
    ]
    if question.destination_host is not None:
        avps.append(encoded(DESTINATION_HOST, question.destination_host))
    if question.originating:
        avps.append(encoded(ORIGINATING_REQUEST, ORIGINATING))
    if question.authorization_type is not None:
        avps.append(encoded(USER_AUTHORIZATION_TYPE, question.authorization_type))
    avps.append(encoded(PUBLIC_IDENTITY, question.public))
    return Request(application=Application.CX, command=CxCommand.LOCATION_INFO, avps=b"".join(avps), token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationInfo:
    """An LIA, as a person wants to see it."""

    outcome: Outcome
    result: str  # the name of the outcome
    origin_host: str
    elapsed_s: float
    server_name: str | None
    mandatory_capabilities: tuple[int, ...]
    optional_capabilities: tuple[int, ...]
    server_names: tuple[str, ...]  # S-CSCFs that the capabilities name
    has_capabilities: bool  # they may be there and empty: any S-CSCF will do
    wildcard: str | None
    direct_routing: bool
    features: tuple[tuple[int, int, int], ...]  # vendor, list, bits
    error_message: str | None
    failed_avps: tuple[str, ...]  # names


def location_info(answered: Answered) -> LocationInfo:
    """Read an LIA (TS 29.229 6.1.6)."""
    avps = answered.avps
    group = avps.value(SERVER_CAPABILITIES)
    wanted = Avps() if group is None else group
    failed = avps.value(FAILED_AVP) or b""
    return LocationInfo(
        outcome=answered.outcome,
        result=result_name(answered.outcome),
        origin_host=avps.value(ORIGIN_HOST),
        elapsed_s=answered.elapsed_s,
        server_name=avps.value(SERVER_NAME),
        mandatory_capabilities=tuple(wanted.values(MANDATORY_CAPABILITY)),
        optional_capabilities=tuple(wanted.values(OPTIONAL_CAPABILITY)),
        server_names=tuple(wanted.values(SERVER_NAME)),
        has_capabilities=group is not None,
        wildcard=avps.value(WILDCARDED_PUBLIC_IDENTITY),
        direct_routing=bool((avps.value(LIA_FLAGS) or 0) & LiaFlag.PSI_DIRECT_ROUTING),
        features=tuple(
            (features.value(VENDOR_ID), features.value(FEATURE_LIST_ID), features.value(FEATURE_LIST))
            for features in avps.values(SUPPORTED_FEATURES)
        ),
        error_message=avps.value(ERROR_MESSAGE),
        failed_avps=tuple(name_of(key & 0xFFFFFFFF, key >> VENDOR_SHIFT) for key, _ in scan(failed, 0)),
    )


class LocationInfoTemplate:
    """Writes many LIRs that differ in their numbers and in Public-Identity only, for a load client."""

    def __init__(self, local: Local, *, destination_realm: str, session_prefix: str) -> None:
        question = LocationInfoQuestion(
            public="", destination_realm=destination_realm, session_id=f"{session_prefix};{0:010}"
        )
        avps = location_info_request(local, question).avps
        self._session_end = len(encoded(SESSION_ID, question.session_id))
        self._number_at = 8 + len(question.session_id.encode()) - 10
        self._session = avps[: self._number_at], avps[self._number_at + 10 : self._session_end]
        self._between = avps[self._session_end : -len(encoded(PUBLIC_IDENTITY, ""))]

    def write(self, public: str, number: int) -> bytes:
        """Write one; `number` stands in Session-Id, Hop-by-Hop and End-to-End Identifier."""
        before, after = self._session
        avps = b"".join((before, b"%010d" % number, after, self._between, encoded(PUBLIC_IDENTITY, public)))
        return self._header(number).encode(avps)

    @staticmethod
    def _header(number: int) -> Header:
        return Header(
            flags=Flag.REQUEST | Flag.PROXIABLE,
            command=CxCommand.LOCATION_INFO,
            application=Application.CX,
            hop_by_hop=number & 0xFFFFFFFF,
            end_to_end=number & 0xFFFFFFFF,
        )
