"""What a call to a subscriber needs of the database: the circuit-switched side, and the contacts to ring."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, case, exists, func, literal, null, or_, select

from hss.procedures.map_routing_info import CalledParty, CallForwarding, IcscfChoice, OperatorFacts
from hss.store import tables as t
from hss.store.database import Database
from hss.store.prepared import Prepared, Row
from routing.contacts import Contact, Fork, Identities, Registration
from routing.selection import Member, Policy
from schemas.identities import Imsi, Msisdn
from schemas.states import (
    AdministrativeState,
    ForwardingCondition,
    IcscfAnswer,
    IdentityKind,
    IncomingBarring,
    OperatorType,
    RegistrationState,
    TerminatingPreference,
)

SIP_PORT: Final = 5060  # RFC 3261 19.1.2
_PSI: Final = (IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI)
_number, _side, _own, _operator = t.msisdn.c, t.circuit_switched.c, t.subscription.c, t.operator.c
_public, _set, _profile, _pool, _member = (
    t.public_identity.c,
    t.registration_set.c,
    t.service_profile.c,
    t.icscf_pool.c,
    t.icscf.c,
)


_FACTS: Final = (
    _operator.name,
    _operator.type,
    _operator.answers_routing_info,
    _operator.icscf_answer,
    _operator.extension_oid,
    _operator.imrn_prefix,
    _operator.msrn_prefix,
)
_POOL: Final = (
    _pool.name,
    _pool.policy,
    _member.host,
    _member.port,
    _member.transport,
    _member.priority,
    _member.weight,
    _member.state,
)


def _served_in_ims(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Tell whether one of the identities is registered, or has services for the unregistered state."""
    return exists(
        select(1)
        .select_from(t.public_identity)
        .join(t.registration_set, _public.set_id == _set.id)
        .outerjoin(t.service_profile, _public.service_profile_id == _profile.id)
        .where(
            _set.subscription_id == _own.id,
            or_(_set.state != RegistrationState.NOT_REGISTERED, _profile.unregistered_services),
            which,
        )
        .correlate(t.subscription, t.msisdn)
    )


def _same_number() -> ColumnElement[bool]:
    return _public.uri == "tel:+" + _number.digits


def _called() -> Select[Any]:
    """Select the called party, once for each member of its pool; its own I-CSCF entry goes before the operator's."""
    has_own = or_(_side.icscf_host.is_not(None), _side.icscf_pool_id.is_not(None))
    pool = case((has_own, _side.icscf_pool_id), else_=_operator.icscf_pool_id)
    first_imsi = (
        select(func.min(t.private_identity.c.imsi))
        .where(t.private_identity.c.subscription_id == _own.id)
        .correlate(t.subscription)
        .scalar_subquery()
    )
    own_number = exists(
        select(1)
        .select_from(t.public_identity)
        .join(t.registration_set, _public.set_id == _set.id)
        .where(_set.subscription_id == _own.id, _same_number())
        .correlate(t.subscription, t.msisdn)
    )
    return (
        select(
            _number.digits,
            func.coalesce(_side.imsi, first_imsi),
            _side.vlr_number,
            _side.msc_number,
            _side.voicebox,
            _side.preference,
            _side.forwardings,
            _side.barring,
            case((has_own, _side.icscf_host), else_=_operator.icscf_host),
            case((has_own, _side.icscf_port), else_=_operator.icscf_port),
            or_(_served_in_ims(_same_number()), and_(~own_number, _served_in_ims(_set.id.is_not(None)))),
            *_FACTS,
            *_POOL,
        )
        .select_from(t.circuit_switched)
        .join(t.msisdn, _number.circuit_switched_id == _side.id)
        .join(t.subscription, _side.subscription_id == _own.id)
        .join(t.operator, _own.operator_id == _operator.id)
        .outerjoin(t.icscf_pool, _pool.id == pool)
        .outerjoin(t.icscf, _member.pool_id == _pool.id)
        .order_by(_number.place, _member.id)
    )


def _listed() -> Select[Any]:
    """Select whoever has the number as a public identity and as no MSISDN: reachable through IMS only."""
    registered = _set.state != RegistrationState.NOT_REGISTERED
    return (
        select(
            func.substr(_public.uri, len("tel:+") + 1),
            select(func.min(t.private_identity.c.imsi))
            .where(t.private_identity.c.subscription_id == _own.id)
            .correlate(t.subscription)
            .scalar_subquery(),
            null(),
            null(),
            null(),
            literal(TerminatingPreference.IMS_ONLY.value),
            null(),
            literal(IncomingBarring.NONE.value),
            _operator.icscf_host,
            _operator.icscf_port,
            or_(registered, func.coalesce(_profile.unregistered_services, False)),
            *_FACTS,
            *_POOL,
        )
        .select_from(t.public_identity)
        .join(t.registration_set, _public.set_id == _set.id)
        .join(t.subscription, _set.subscription_id == _own.id)
        .join(t.operator, _own.operator_id == _operator.id)
        .outerjoin(t.service_profile, _public.service_profile_id == _profile.id)
        .outerjoin(t.icscf_pool, _pool.id == _operator.icscf_pool_id)
        .outerjoin(t.icscf, _member.pool_id == _pool.id)
        .order_by(_member.id)
    )


BY_MSISDN: Final = Prepared(_called().where(_number.digits == bindparam("digits")))
BY_NUMBER: Final = Prepared(
    _listed().where(
        _public.uri == "tel:+" + bindparam("digits", type_=String),
        or_(_public.psi_active, and_(*(_public.kind != kind for kind in _PSI))),
    )
)
BY_IMSI: Final = Prepared(_called().where(_side.imsi == bindparam("digits")))
BY_PRIVATE_IMSI: Final = Prepared(
    _called().where(
        _side.imsi.is_(None),
        _side.subscription_id.in_(
            select(t.private_identity.c.subscription_id).where(t.private_identity.c.imsi == bindparam("digits"))
        ),
    )
)

_asked = t.public_identity.alias("asked")
CONTACTS: Final = Prepared(
    select(
        _set.id,
        _set.state,
        _own.forking,
        _own.ring_time_s,
        _own.devices,
        _public.uri,
        _public.barred,
        t.contact.c.uri,
        t.contact.c.q,
        t.contact.c.path,
        t.contact.c.instance,
        t.contact.c.device,
        t.contact.c.expires_at,
    )
    .select_from(_asked)
    .join(t.registration_set, _set.id == _asked.c.set_id)
    .join(t.subscription, _own.id == _set.subscription_id)
    .join(t.public_identity, _public.set_id == _set.id)
    .outerjoin(t.contact, t.contact.c.public_id == _public.id)
    .where(_asked.c.uri == bindparam("uri"))
    .order_by(_public.id, t.contact.c.id)
)


class CallLoader:
    """Fulfils `hss.services.map.CalledParties`, and loads what forking asks for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        """Find a party by number: an MSISDN, or the number of a tel URI that is served in IMS only."""
        for statement in (BY_MSISDN, BY_NUMBER):
            if rows := await self._database.fetch(statement, digits=msisdn.digits):
                return called_party(rows)
        return None

    async def by_imsi(self, imsi: Imsi) -> CalledParty | None:
        """Find a party by IMSI; its number is its first one."""
        for statement in (BY_IMSI, BY_PRIVATE_IMSI):
            if rows := await self._database.fetch(statement, digits=imsi.digits):
                return called_party(rows)
        return None

    async def registration(self, uri: str) -> Registration | None:
        """Find the contacts of the implicit registration set of a public identity; None where it is not registered."""
        return registration(await self._database.fetch(CONTACTS, uri=uri))


def called_party(rows: Sequence[Row]) -> CalledParty | None:
    """Make the value of the rows of one party; rows of its further numbers are left out."""
    if not rows:
        return None
    digits, imsi, vlr, msc, voicebox, preference, forwardings, barring, host, port, in_ims = rows[0][:11]
    members = [row[20:] for row in rows if row[0] == digits and row[20] is not None]
    return CalledParty(
        msisdn=Msisdn(digits),
        imsi=imsi and Imsi(imsi),
        operator=_operator_facts(rows[0][11:18]),
        vlr_number=vlr,
        msc_number=msc,
        reachable_in_ims=bool(in_ims),
        preference=TerminatingPreference(preference),
        icscf=_icscf(host, port, rows[0][18:20], members),
        voicebox=voicebox,
        forwardings=tuple(_forwarding(each) for each in json.loads(forwardings or "[]")),
        barring=IncomingBarring(barring),
    )


def _operator_facts(row: Row) -> OperatorFacts:
    name, kind, answers, icscf_answer, extension_oid, imrn_prefix, msrn_prefix = row
    return OperatorFacts(
        name=name,
        kind=OperatorType(kind),
        answers_routing_info=bool(answers),
        icscf_answer=IcscfAnswer(icscf_answer),
        extension_oid=extension_oid,
        imrn_prefix=imrn_prefix,
        msrn_prefix=msrn_prefix,
    )


def _icscf(host: str | None, port: int | None, pool: Row, members: Sequence[Row]) -> IcscfChoice | None:
    if host is not None:
        return IcscfChoice.static(host, port or SIP_PORT)
    name, policy = pool
    if name is None:
        return None
    return IcscfChoice(members=tuple(member_of(row) for row in members), policy=Policy(policy), pool=name)


def member_of(row: Row) -> Member:
    """Make the value of host, port, transport, priority, weight and state."""
    host, port, transport, priority, weight, state = row
    up = state == AdministrativeState.UP.value
    return Member(host=host, port=port, transport=transport, priority=priority, weight=weight, up=up)


def _forwarding(body: dict[str, Any]) -> CallForwarding:
    number = str(body["number"]).removeprefix("+")
    return CallForwarding(
        condition=ForwardingCondition(body["condition"]), number=number, active=bool(body.get("active", True))
    )


def registration(rows: Sequence[Row]) -> Registration | None:
    """Make the value of the rows of one implicit registration set."""
    if not rows or rows[0][1] == RegistrationState.NOT_REGISTERED.value:
        return None
    identifier, _, forking, ring_s, devices = rows[0][:5]
    barred = {row[5]: bool(row[6]) for row in rows}
    return Registration(
        identities=Identities(
            id=str(identifier),
            default=next((uri for uri, is_barred in barred.items() if not is_barred), None),
            members=tuple(barred),
            barred=tuple(uri for uri, is_barred in barred.items() if is_barred),
        ),
        contacts=tuple(_contact(row) for row in rows if row[7] is not None),
        mode=Fork(forking),
        ring_s=ring_s,
        **({"max_targets": devices} if devices else {}),
    )


def _contact(row: Row) -> Contact:
    uri, q, path, instance, device, expires_at = row[7:]
    return Contact(
        uri=uri,
        q=round(q * 1000),
        path=tuple(json.loads(path or "[]")),
        instance=instance,
        device=device,
        expires_at=expires_at,
        barred=bool(row[6]),
    )
