"""What became of the questions of ENUM and SIP: counted by outcome, and told where one gets no answer."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hss.machine import Event
from hss.services.watching import Sample
from hss.transport.address import Address
from routing.enum_dns.wire import code_of
from routing.sip_message import Reply, Silence, Unanswered
from schemas.numbers.dns import ResponseCode

SILENT: Final = "silent"  # no answer is due, or the tables are not there yet
DROPPED: Final = "dropped"  # an answer was due, and the database could not be asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUnanswered(Event):
    """A datagram came to the SIP listener that cannot even be refused."""

    peer: Address
    why: str


class Outcomes:
    """Counts answers by DNS response code and by SIP status."""

    def __init__(self) -> None:
        self.enum: Final[Counter[int | str]] = Counter()
        self.sip: Final[Counter[int | str]] = Counter()

    def answered_by_enum(self, octets: bytes | None) -> None:
        """Count an answer; None: silence."""
        self.enum[SILENT if octets is None else code_of(octets)] += 1

    def answered_by_sip(self, found: Reply | Unanswered | None) -> None:
        """Count an answer; None: silence while there are no tables."""
        if isinstance(found, Reply):
            self.sip[found.status] += 1
        else:
            self.sip[SILENT if found is None else found.silence.value] += 1

    def samples(self) -> Iterable[Sample]:
        """Give the counts to those who watch."""
        named = {_name(code): count for code, count in self.enum.items()}
        for door, counts in (("enum", named), ("sip", self.sip)):
            for outcome, count in counts.items():
                labels = {"door": door, "outcome": f"{outcome}"}
                yield Sample(name="homeward_routing_answers", value=count, labels=labels, help="Answers by outcome")


def unanswered(found: Reply | Unanswered | None, peer: Address) -> SipUnanswered | None:
    """Tell of a datagram that nothing could be made of; an ACK or a response is none."""
    if isinstance(found, Unanswered) and found.silence is Silence.UNREADABLE:
        return SipUnanswered(peer=peer, why=found.why)
    return None


def _name(code: int | str) -> str:
    return ResponseCode(code).name if isinstance(code, int) else code
