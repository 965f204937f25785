"""What peers tell each other when they meet (RFC 6733 5.3)."""

from dataclasses import dataclass
from typing import Final

from hss.diameter.answers import Answers, result, vendor_specific_application
from hss.diameter.avps import Avps
from hss.diameter.codec import BARE, Reader, encoded, scan
from hss.diameter.dictionary import COMMANDS, LENIENT_CER, base, grammar
from hss.diameter.errors import NoCommonApplication, NoCommonSecurity, Outcome
from hss.diameter.local import Local
from schemas.numbers.diameter import RELAY, VENDOR_3GPP, VENDOR_ETSI, Application, BaseAvp, BaseCommand, InbandSecurity

ORIGIN_HOST: Final = base(BaseAvp.ORIGIN_HOST)
ORIGIN_REALM: Final = base(BaseAvp.ORIGIN_REALM)
HOST_IP_ADDRESS: Final = base(BaseAvp.HOST_IP_ADDRESS)
VENDOR_ID: Final = base(BaseAvp.VENDOR_ID)
PRODUCT_NAME: Final = base(BaseAvp.PRODUCT_NAME)
ORIGIN_STATE_ID: Final = base(BaseAvp.ORIGIN_STATE_ID)
SUPPORTED_VENDOR_ID: Final = base(BaseAvp.SUPPORTED_VENDOR_ID)
AUTH_APPLICATION_ID: Final = base(BaseAvp.AUTH_APPLICATION_ID)
ACCT_APPLICATION_ID: Final = base(BaseAvp.ACCT_APPLICATION_ID)
VENDOR_SPECIFIC_APPLICATION_ID: Final = base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID)
INBAND_SECURITY_ID: Final = base(BaseAvp.INBAND_SECURITY_ID)

UNDERSTOOD_VENDORS: Final = (VENDOR_3GPP, VENDOR_ETSI)  # TS 29.229 5.6
_COMMAND: Final = COMMANDS[Application.BASE, BaseCommand.CAPABILITIES_EXCHANGE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a peer says of itself."""

    origin_host: str
    origin_realm: str
    product_name: str
    origin_state_id: int | None
    offered: frozenset[int]
    security: frozenset[int]

    @classmethod
    def of(cls, avps: Avps) -> "Capabilities":
        """Read a CER or CEA."""
        offered = {*avps.values(AUTH_APPLICATION_ID), *avps.values(ACCT_APPLICATION_ID)}
        for group in avps.values(VENDOR_SPECIFIC_APPLICATION_ID):  # its Vendor-Id takes no part (RFC 6733 5.3)
            offered |= {*group.values(AUTH_APPLICATION_ID), *group.values(ACCT_APPLICATION_ID)}
        return cls(
            origin_host=avps.value(ORIGIN_HOST),
            origin_realm=avps.value(ORIGIN_REALM),
            product_name=avps.value(PRODUCT_NAME) or "",
            origin_state_id=avps.value(ORIGIN_STATE_ID),
            offered=frozenset(offered),
            security=frozenset(avps.values(INBAND_SECURITY_ID)),
        )

    def common(self, applications: tuple[int, ...]) -> frozenset[int]:
        """Find the applications of both sides; raise `NoCommonApplication`. A relay has all (RFC 6733 2.4)."""
        ours = frozenset(applications)
        both = ours if RELAY in self.offered else ours & self.offered
        if not both:
            raise NoCommonApplication(f"none of the applications {sorted(self.offered)} is served here")
        return both

    def check_security(self) -> None:
        """Raise `NoCommonSecurity` where the peer wants TLS within the connection and nothing else."""
        if self.security and InbandSecurity.NO_INBAND_SECURITY not in self.security:
            raise NoCommonSecurity("no security within the connection is offered here")


NOBODY: Final = Capabilities(
    origin_host="", origin_realm="", product_name="", origin_state_id=None, offered=frozenset(), security=frozenset()
)


def claimed_host(message: bytes) -> str:
    """Find the name of a peer in a message that may be faulty; empty where there is none."""
    for key, octets in scan(message):
        if key == ORIGIN_HOST.key:
            return octets[BARE:].decode(errors="replace")
    return ""


def request_reader(*, strict: bool) -> Reader:
    """Make a reader of CERs; unless `strict`, one without Host-IP-Address is taken: Kamailio sends such."""
    return Reader(grammar(_COMMAND.request if strict else LENIENT_CER), strict=strict)


def written(local: Local, answers: Answers, addresses: tuple[str, ...], outcome: Outcome | None) -> bytes:
    """Write the AVPs of a CEA with its outcome, or of a CER without one."""
    vendors = (vendor for vendor in UNDERSTOOD_VENDORS if vendor != local.vendor_id)
    return b"".join(
        (
            result(outcome) if outcome is not None else b"",
            answers.origin,
            *(encoded(HOST_IP_ADDRESS, address) for address in addresses),
            encoded(VENDOR_ID, local.vendor_id),
            encoded(PRODUCT_NAME, local.product_name),
            answers.state,
            *(encoded(SUPPORTED_VENDOR_ID, vendor) for vendor in vendors),
            *(vendor_specific_application(application) for application in local.applications),
        )
    )
