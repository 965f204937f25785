"""Decisions of the HSS on Cx, in the order of TS 29.228 6.1."""

from dataclasses import dataclass
from typing import Final

from hss.procedures.errors import IdentityNotRegistered, RegistrationBroken, UserUnknown
from schemas.numbers.cx import UserAuthorizationType
from schemas.states import IdentityKind, RegistrationState

_PSI: Final = frozenset({IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI})
_WILDCARDED: Final = frozenset({IdentityKind.WILDCARDED_PSI, IdentityKind.WILDCARDED_USER})
_UNREGISTERED: Final = frozenset({RegistrationState.NOT_REGISTERED, RegistrationState.UNREGISTERED})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an S-CSCF must have or should have, or the names of those to take (TS 29.228 6.7)."""

    mandatory: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is asked for."""
        return bool(self.mandatory or self.optional or self.names)


NO_CAPABILITIES: Final = Capabilities()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationInfoRequest:
    """LIR: an I-CSCF or an application server asks which server has the user (TS 29.228 6.1.4)."""

    public: str  # canonical
    originating: bool = False
    authorization_type: UserAuthorizationType = UserAuthorizationType.REGISTRATION


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedIdentity:
    """What is known of a public identity and of the subscription that it belongs to."""

    uri: str  # as stored: canonical, a wildcard with its delimiters
    kind: IdentityKind = IdentityKind.DISTINCT_USER
    psi_active: bool = True
    application_server: str | None = None  # of a PSI that is routed there directly
    state: RegistrationState = RegistrationState.NOT_REGISTERED
    unregistered_services: bool = False
    scscf_name: str | None = None  # one for all identities of the subscription
    capabilities: Capabilities = NO_CAPABILITIES  # of the subscription, or the default of its operator


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationInfoAnswer:
    """LIA: a server, or what is needed to choose one; never both."""

    server_name: str | None = None
    capabilities: Capabilities | None = None
    unregistered_service: bool = False  # not registered, has services: choose an S-CSCF
    unregistered: bool = False  # nobody is registered: whoever serves the identity does it by those services
    direct_routing: bool = False  # `server_name` is the application server of a PSI
    wildcard: str | None = None  # the stored form that the identity matched
    reassignment_pending: bool = False  # a wish: note at the subscription that a new S-CSCF may take over


def locate(
    request: LocationInfoRequest,
    known: ServedIdentity | None,
    *,
    restoration_supported: bool = False,
    default_capabilities: Capabilities = NO_CAPABILITIES,
) -> LocationInfoAnswer:
    """Answer which server has the identity (TS 29.228 6.1.4.1); barring plays no part in it.

    Raises `UserUnknown`, `IdentityNotRegistered`, `RegistrationBroken`.
    `default_capabilities` are sent where the subscription has none of its own.
    """
    if known is None or (known.kind in _PSI and not known.psi_active):
        raise UserUnknown(request.public)
    wildcard = known.uri if known.kind in _WILDCARDED else None
    if known.kind in _PSI and known.application_server is not None and not request.originating:
        return LocationInfoAnswer(server_name=known.application_server, direct_routing=True, wildcard=wildcard)
    capabilities = known.capabilities or default_capabilities
    if restoration_supported and request.authorization_type is UserAuthorizationType.REGISTRATION_AND_CAPABILITIES:
        return LocationInfoAnswer(capabilities=capabilities, wildcard=wildcard, reassignment_pending=True)
    if known.state is RegistrationState.NOT_REGISTERED and not (request.originating or known.unregistered_services):
        raise IdentityNotRegistered(request.public)
    if known.scscf_name is not None:
        return LocationInfoAnswer(
            server_name=known.scscf_name, wildcard=wildcard, unregistered=known.state in _UNREGISTERED
        )
    if known.state is not RegistrationState.NOT_REGISTERED:
        raise RegistrationBroken(f"{known.uri} is {known.state.value}, and no S-CSCF is stored")
    return LocationInfoAnswer(
        capabilities=capabilities, unregistered_service=True, unregistered=True, wildcard=wildcard
    )
