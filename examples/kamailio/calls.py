"""The calls of the example: what is called, how it has to end and where it has to arrive."""

from dataclasses import dataclass
from typing import Final


def outcome(status: int | None, place: str) -> str:
    """Write what became of a call."""
    return f"{status or 'no answer'}" + (f" at {place}" if place else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call, and what has to become of it."""

    what: str
    called: str
    status: int
    arrives_at: str = ""  # name of the node; empty: nowhere
    before: tuple[str, str, str] | None = None  # public identity, its new state, its new S-CSCF

    @property
    def expected(self) -> str:
        """What is to be observed."""
        return outcome(self.status, self.arrives_at)


CALLS: Final = (
    Call(what="registered, telephone number", called="tel:+491715407090", status=200, arrives_at="S-CSCF A"),
    Call(what="the same, with separators", called="tel:+49-171-540-7090", status=200, arrives_at="S-CSCF A"),
    Call(what="number as SIP URI", called="sip:+491715407090@ims.test", status=200, arrives_at="S-CSCF A"),
    Call(what="... with user=phone", called="sip:+491715407090@ims.test;user=phone", status=200, arrives_at="S-CSCF A"),
    Call(what="registered, SIP URI", called="sip:alice@ims.test", status=200, arrives_at="S-CSCF A"),
    Call(what="domain in capitals", called="sip:alice@IMS.TEST", status=200, arrives_at="S-CSCF A"),
    Call(what="served by the other S-CSCF", called="tel:+491715407091", status=200, arrives_at="S-CSCF B"),
    Call(what="unknown user", called="sip:nobody@ims.test", status=604),
    Call(what="unknown number", called="tel:+491715400000", status=604),
    Call(what="not registered, no services", called="sip:switched-off@ims.test", status=480),
    Call(
        what="not registered, chosen by capability",
        called="sip:with-voicebox@ims.test",
        status=200,
        arrives_at="S-CSCF B",
    ),
    Call(
        what="not registered, any S-CSCF will do",
        called="sip:undemanding@ims.test",
        status=200,
        arrives_at="S-CSCF A",
    ),
    Call(what="not registered, no S-CSCF can do it", called="sip:demanding@ims.test", status=600),
    Call(
        what="not registered, chosen by name",
        called="sip:with-named-scscf@ims.test",
        status=200,
        arrives_at="S-CSCF A",
    ),
    Call(
        what="public service identity",
        called="sip:conference@ims.test",
        status=200,
        arrives_at="application server",
    ),
    Call(what="... that is not active", called="sip:closed@ims.test", status=604),
    Call(what="wildcarded service identity", called="sip:room-42@ims.test", status=200, arrives_at="S-CSCF A"),
    Call(
        what="moved to the other S-CSCF",
        before=("sip:alice@ims.test", "registered", "S-CSCF B"),
        called="tel:+491715407090",
        status=200,
        arrives_at="S-CSCF B",
    ),
    Call(
        what="deregistered",
        before=("tel:+491715407091", "not-registered", ""),
        called="tel:+491715407091",
        status=480,
    ),
)
HSS_AWAY: Final = Call(what="HSS killed", called="tel:+491715407090", status=503)
AFTER_RESTART: Final = (
    Call(what="HSS started again: still moved", called="tel:+491715407090", status=200, arrives_at="S-CSCF B"),
    Call(what="... and still deregistered", called="tel:+491715407091", status=480),
)
