"""How an answer is put together (RFC 6733 6.2, 7.1, 7.2)."""

import struct
from typing import Final

from hss.diameter.avps import padded
from hss.diameter.codec import SESSION_ID, encoded, end_of_session_id, scan
from hss.diameter.dictionary import base
from hss.diameter.errors import Outcome, RemoteError, outcome_of
from hss.diameter.local import Local
from schemas.numbers.diameter import (
    HEADER_OCTETS,
    VENDOR_3GPP,
    VERSION,
    Application,
    AuthSessionState,
    BaseAvp,
    Flag,
)

_PROXIABLE: Final = int(Flag.PROXIABLE)  # plain numbers: operations of IntFlag are slow
_ERROR: Final = int(Flag.ERROR)
_WORD: Final = struct.Struct(">I")
_PROXY_INFO_KEY: Final = base(BaseAvp.PROXY_INFO).key
_VENDOR_OCTETS: Final = encoded(base(BaseAvp.VENDOR_ID), VENDOR_3GPP)


def vendor_specific_application(application: int) -> bytes:
    """Write the group that names a 3GPP application."""
    members = _VENDOR_OCTETS + encoded(base(BaseAvp.AUTH_APPLICATION_ID), application)
    return encoded(base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID), members)


def result(outcome: Outcome) -> bytes:
    """Write Result-Code or Experimental-Result."""
    if not outcome.vendor:
        return encoded(base(BaseAvp.RESULT_CODE), outcome.code)
    code = encoded(base(BaseAvp.EXPERIMENTAL_RESULT_CODE), outcome.code)
    return encoded(base(BaseAvp.EXPERIMENTAL_RESULT), encoded(base(BaseAvp.VENDOR_ID), outcome.vendor) + code)


def detail(error: Exception) -> bytes:
    """Write what an answer says about a fault: text for people, and the AVP at fault."""
    if not isinstance(error, RemoteError):
        return b""
    failed = encoded(base(BaseAvp.FAILED_AVP), padded(error.failed)) if error.failed else b""
    return failed + encoded(base(BaseAvp.ERROR_MESSAGE), error.why)


def assemble(request: bytes, session: bytes, avps: bytes, *, error: bool = False) -> bytes:
    """Write an answer: command, application and identifiers of the request, `session` first of its AVPs."""
    flags = request[4] & _PROXIABLE | (_ERROR if error else 0)
    length = HEADER_OCTETS + len(session) + len(avps)
    return b"".join(
        (_WORD.pack(VERSION << 24 | length), flags.to_bytes(1, "big"), request[5:HEADER_OCTETS], session, avps)
    )


class Answers:
    """Puts answers of one host together; what is the same in many of them is encoded once."""

    def __init__(self, local: Local) -> None:
        self._origin = encoded(base(BaseAvp.ORIGIN_HOST), local.origin_host) + encoded(
            base(BaseAvp.ORIGIN_REALM), local.origin_realm
        )
        self._state = encoded(base(BaseAvp.ORIGIN_STATE_ID), local.origin_state_id)
        self._no_session = encoded(base(BaseAvp.AUTH_SESSION_STATE), AuthSessionState.NO_STATE_MAINTAINED)
        self._heads: dict[tuple[int, Outcome], bytes] = {}

    @property
    def origin(self) -> bytes:
        """Origin-Host and Origin-Realm."""
        return self._origin

    @property
    def state(self) -> bytes:
        """Origin-State-Id."""
        return self._state

    def head(self, application: int, outcome: Outcome) -> bytes:
        """Give what follows Session-Id in every answer with this outcome."""
        head = self._heads.get((application, outcome))
        if head is None:
            head = self._heads[application, outcome] = self._written_head(application, outcome)
        return head

    def _written_head(self, application: int, outcome: Outcome) -> bytes:
        if outcome.is_protocol_error:
            return self._origin + result(outcome)
        if application in (Application.CX, Application.SH):
            return vendor_specific_application(application) + result(outcome) + self._no_session + self._origin
        return result(outcome) + self._origin + (self._state if application == Application.BASE else b"")

    def refusal(self, request: bytes, error: Exception) -> bytes:
        """Write an answer to a request that may be faulty in any way but has a whole header."""
        outcome = outcome_of(error)
        application = int.from_bytes(request[8:12], "big")
        known = application if application in tuple(Application) else -1
        session, proxies = _returned(request)
        avps = self.head(known, outcome) + detail(error) + proxies
        return assemble(request, session, avps, error=outcome.is_protocol_error)


def _returned(request: bytes) -> tuple[bytes, bytes]:
    """Find what an answer returns, as far as the request can be read: Session-Id and all Proxy-Info."""
    end = end_of_session_id(request)
    session, proxies = request[HEADER_OCTETS:end] if end else b"", b""
    for key, octets in scan(request, end or HEADER_OCTETS):
        if key == SESSION_ID.key and not session:
            session = padded(octets)
        elif key == _PROXY_INFO_KEY:
            proxies += padded(octets)
    return session, proxies
