"""A whole subscriber from an IMSI or a number (TS 23.003 13).

With an IMSI the private identity and the barred temporary public identity are derived from it; without one the private
identity is the number in the operator's home domain. Every number gives a tel URI and a SIP URI. All public identities
stand in one implicit registration set; the first one, the tel URI of the MSISDN where there is one, is its default.
"""

from typing import Final

from schemas.documents import (
    CircuitSwitched,
    Credentials,
    IcscfEntry,
    NewSubscriber,
    Operator,
    PrivateIdentity,
    PublicIdentity,
    RegistrationSet,
    ServingCscf,
    Subscriber,
)
from schemas.identities import Imsi, private_identity_of, temporary_identity_of
from schemas.states import AuthenticationScheme, TerminatingPreference

USUAL_MNC_DIGITS: Final = 2  # where the operator does not say how long its mobile network code is
EXCLUSIVE: Final = (("op", "opc"), ("ha1", "password"))
NEEDS_MSISDN: Final = ("vlr_number", "msc_number", "voicebox", "icscf_host", "icscf_pool")


class NotDerivable(ValueError):
    """The short form contradicts itself; `field` and `rule` say where and how."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


def derive(new: NewSubscriber, operator: Operator) -> Subscriber:
    """Complete the short form with identities derived from it; raise `NotDerivable`.

    `operator` is the one that `new` names. The I-CSCF entry stays empty where none is given: the operator's default
    applies when a call asks.
    """
    _check(new)
    nai = private_identity(new, operator)
    return Subscriber(
        name=new.name or name_of(new),
        operator=new.operator,
        private_identities=[_private_identity(new, nai)],
        sets=[
            RegistrationSet(
                identities=_public_identities(new, operator),
                private_identities=[nai],
                state=new.state,
            )
        ],
        circuit_switched=_circuit_switched(new),
        scscf=ServingCscf(name=new.scscf) if new.scscf else None,
    )


def name_of(new: NewSubscriber) -> str:
    """Name a subscriber that nobody named: the IMSI, or the digits of the number."""
    return new.imsi or _digits(new)


def private_identity(new: NewSubscriber, operator: Operator) -> str:
    """Derive the private identity (TS 23.003 13.3)."""
    if new.imsi is None:
        return f"{_digits(new)}@{operator.home_domain}"
    return private_identity_of(Imsi(new.imsi), mnc_digits(operator)).nai


def mnc_digits(operator: Operator) -> int:
    """Tell how many digits of an IMSI are the mobile network code (TS 23.003 2.2)."""
    return len(operator.mnc) if operator.mnc else USUAL_MNC_DIGITS


def scheme_of(new: NewSubscriber) -> AuthenticationScheme:
    """Choose the authentication scheme: as given, or SIP Digest where the only secret is one of SIP Digest."""
    digest_only = new.k is None and (new.ha1 or new.password) is not None
    if digest_only and "scheme" not in new.model_fields_set:
        return AuthenticationScheme.SIP_DIGEST
    return new.scheme


def _check(new: NewSubscriber) -> None:
    for one, other in EXCLUSIVE:
        if getattr(new, one) and getattr(new, other):
            raise NotDerivable(other, f"{one} and {other} exclude each other")
    if new.msisdn is None:
        _check_without_msisdn(new)


def _check_without_msisdn(new: NewSubscriber) -> None:
    for field in NEEDS_MSISDN:
        if getattr(new, field) is not None:
            raise NotDerivable(field, f"{field} belongs to the circuit-switched side, which needs an msisdn")
    if new.preference is not TerminatingPreference.CS_FIRST:
        raise NotDerivable("preference", "preference belongs to the circuit-switched side, which needs an msisdn")


def _digits(new: NewSubscriber) -> str:
    return (new.msisdn or new.number or "").removeprefix("+")


def _private_identity(new: NewSubscriber, nai: str) -> PrivateIdentity:
    secrets = {name: getattr(new, name) for name in Credentials.model_fields}
    return PrivateIdentity(
        nai=nai,
        imsi=new.imsi,
        scheme=scheme_of(new),
        credentials=Credentials(**secrets) if any(secrets.values()) else None,
        amf=new.amf,
        sqn=new.sqn,
    )


def _public_identities(new: NewSubscriber, operator: Operator) -> list[PublicIdentity]:
    numbers = dict.fromkeys(number for number in (new.msisdn, new.number) if number is not None)
    profile = new.service_profile
    identities = [
        PublicIdentity(uri=uri, service_profile=profile)
        for number in numbers
        for uri in (f"tel:{number}", f"sip:{number}@{operator.home_domain}")
    ]
    if new.imsi is not None:
        temporary = temporary_identity_of(Imsi(new.imsi), mnc_digits(operator))
        identities.append(PublicIdentity(uri=temporary.uri, barred=True, service_profile=profile))
    return identities


def _circuit_switched(new: NewSubscriber) -> CircuitSwitched | None:
    if new.msisdn is None:
        return None
    entry = IcscfEntry(host=new.icscf_host, pool=new.icscf_pool) if new.icscf_host or new.icscf_pool else None
    return CircuitSwitched(
        imsi=new.imsi,
        msisdns=[new.msisdn],
        vlr_number=new.vlr_number,
        msc_number=new.msc_number,
        voicebox=new.voicebox,
        icscf=entry,
        preference=new.preference,
    )
