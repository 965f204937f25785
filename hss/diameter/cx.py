"""Cx: AVPs to the values of the procedures, and back (TS 29.229 6)."""

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hss.diameter.avps import Avps, padded
from hss.diameter.codec import encoded
from hss.diameter.dictionary import base, tgpp
from hss.diameter.dispatch import Entry, Written
from hss.diameter.errors import SUCCESS, UNREGISTERED_SERVICE, InvalidAvpValue
from hss.procedures import cx
from hss.procedures.errors import FeaturesUnsupported, UserUnknown
from schemas.identities import IdentityError, Impu, NotAnIdentity, is_canonical
from schemas.numbers.cx import CxCommand, LiaFlag, TgppAvp, UserAuthorizationType
from schemas.numbers.diameter import VENDOR_3GPP, Application, AvpFlag, BaseAvp

if TYPE_CHECKING:  # a client reads answers without the service and its database
    from hss.services.cx import CxService

VENDOR_ID: Final = base(BaseAvp.VENDOR_ID)
PUBLIC_IDENTITY: Final = tgpp(TgppAvp.PUBLIC_IDENTITY)
SERVER_NAME: Final = tgpp(TgppAvp.SERVER_NAME)
SERVER_CAPABILITIES: Final = tgpp(TgppAvp.SERVER_CAPABILITIES)
MANDATORY_CAPABILITY: Final = tgpp(TgppAvp.MANDATORY_CAPABILITY)
OPTIONAL_CAPABILITY: Final = tgpp(TgppAvp.OPTIONAL_CAPABILITY)
USER_AUTHORIZATION_TYPE: Final = tgpp(TgppAvp.USER_AUTHORIZATION_TYPE)
ORIGINATING_REQUEST: Final = tgpp(TgppAvp.ORIGINATING_REQUEST)
WILDCARDED_PUBLIC_IDENTITY: Final = tgpp(TgppAvp.WILDCARDED_PUBLIC_IDENTITY)
LIA_FLAGS: Final = tgpp(TgppAvp.LIA_FLAGS)
SUPPORTED_FEATURES: Final = tgpp(TgppAvp.SUPPORTED_FEATURES)
FEATURE_LIST_ID: Final = tgpp(TgppAvp.FEATURE_LIST_ID)
FEATURE_LIST: Final = tgpp(TgppAvp.FEATURE_LIST)


@dataclass(frozen=True, slots=True)
class Features:
    """Features that are supported on Cx, by vendor and list (TS 29.229 7.2)."""

    lists: tuple[tuple[int, int, int], ...] = ((VENDOR_3GPP, 1, 0),)  # vendor, Feature-List-ID, Feature-List

    def check(self, avps: Avps) -> None:
        """Raise `FeaturesUnsupported` where the request needs what is not supported."""
        if SUPPORTED_FEATURES.key not in avps.first:
            return
        supported = {(vendor, number): features for vendor, number, features in self.lists}
        for raw, group in avps.all(SUPPORTED_FEATURES):
            key = group.value(VENDOR_ID), group.value(FEATURE_LIST_ID)
            if raw[4] & AvpFlag.MANDATORY and group.value(FEATURE_LIST) & ~supported.get(key, 0):
                raise FeaturesUnsupported(f"features {group.value(FEATURE_LIST):#x} of list {key}")

    def answered(self, avps: Avps) -> bytes:
        """Write all that is supported, for the answer to a request that speaks of features."""
        if SUPPORTED_FEATURES.key not in avps.first:
            return b""
        return b"".join(
            encoded(
                SUPPORTED_FEATURES,
                encoded(VENDOR_ID, vendor) + encoded(FEATURE_LIST_ID, number) + encoded(FEATURE_LIST, features),
            )
            for vendor, number, features in self.lists
        )


@dataclass(frozen=True, slots=True)
class CxReader:
    """Reads requests; `home`: our own domains, looked at anew for each request."""

    home: Container[str]
    features: Features = Features()

    def location_info(self, avps: Avps) -> cx.LocationInfoRequest:
        """Read an LIR (TS 29.229 6.1.5)."""
        self.features.check(avps)
        kind = avps.value(USER_AUTHORIZATION_TYPE)
        return cx.LocationInfoRequest(
            public=self._public(avps),
            originating=ORIGINATING_REQUEST.key in avps.first,
            authorization_type=UserAuthorizationType.REGISTRATION if kind is None else UserAuthorizationType(kind),
        )

    def _public(self, avps: Avps) -> str:
        raw, text = avps.first[PUBLIC_IDENTITY.key]
        try:
            return Impu.parse(text, self.home).uri
        except NotAnIdentity as error:
            raise UserUnknown(str(error)) from error
        except IdentityError as error:
            raise InvalidAvpValue(f"Public-Identity: {error}", padded(raw)) from error


def capabilities(wanted: cx.Capabilities) -> bytes:
    """Write Server-Capabilities."""
    members = [encoded(MANDATORY_CAPABILITY, number) for number in wanted.mandatory]
    members += [encoded(OPTIONAL_CAPABILITY, number) for number in wanted.optional]
    members += [encoded(SERVER_NAME, name) for name in wanted.names]
    return encoded(SERVER_CAPABILITIES, b"".join(members))


def location_info_answer(answer: cx.LocationInfoAnswer) -> Written:
    """Write an LIA (TS 29.229 6.1.6)."""
    avps = b""
    if answer.server_name is not None:
        avps += encoded(SERVER_NAME, answer.server_name)
    if answer.capabilities:
        avps += capabilities(answer.capabilities)
    if answer.wildcard is not None:
        avps += encoded(WILDCARDED_PUBLIC_IDENTITY, answer.wildcard)
    if answer.direct_routing:
        avps += encoded(LIA_FLAGS, LiaFlag.PSI_DIRECT_ROUTING)
    return Written(UNREGISTERED_SERVICE if answer.unregistered_service else SUCCESS, avps)


def entries(service: "CxService", home: Container[str], features: Features = Features()) -> list[Entry[Any, Any]]:
    """Make the rows of the dispatch table for Cx."""
    reader = CxReader(home, features)
    return [
        Entry(
            application=Application.CX,
            command=CxCommand.LOCATION_INFO,
            read=reader.location_info,
            serve=service.locate,
            write=location_info_answer,
            name=PUBLIC_IDENTITY,
            always=features.answered,
            marks=service.marks,
            is_unknown=lambda text: is_canonical(text) and service.is_unknown(text),
        )
    ]
