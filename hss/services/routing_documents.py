"""Number routing from documents alone, without a database: for sample data, and for tests that need an oracle.

Fulfils the ports that the database fulfils for a running service: `NumberSource`, `Calls` and `ServedIdentities`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hss.procedures.cx import NO_CAPABILITIES, Capabilities, ServedIdentity
from hss.procedures.map_routing_info import CalledParty, CallForwarding, IcscfChoice, OperatorFacts
from routing.contacts import Contact, Fork, Identities, Registration
from routing.normalise import Profile
from routing.selection import SIP_PORT, Member, Policy
from routing.tables import Operator, Pool, PortingForm, Rows
from routing.tables.rows import NumberRow, PortedRow
from routing.tables.sorted_numbers import is_number
from schemas import documents as d
from schemas.identities import Imsi, Msisdn
from schemas.states import AdministrativeState, IdentityKind, RegistrationState, TerminatingPreference

_WILDCARDED: Final = frozenset({IdentityKind.WILDCARDED_PSI, IdentityKind.WILDCARDED_USER})
_PSI: Final = frozenset({IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI})
_ABSENT: Final = RegistrationState.NOT_REGISTERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Documents that belong together, as the sample data has them."""

    icscf_pools: Sequence[d.IcscfPool] = ()
    operators: Sequence[d.Operator] = ()
    shared_filter_criteria_sets: Sequence[d.SharedFilterCriteriaSet] = ()
    service_profiles: Sequence[d.ServiceProfile] = ()
    subscriptions: Sequence[d.Subscriber] = ()
    ported_numbers: Sequence[d.PortedNumber] = ()


@dataclass(slots=True, kw_only=True)
class _Found:
    """What look-ups by identity need."""

    served: dict[str, ServedIdentity] = field(default_factory=dict)
    parties: dict[str, CalledParty] = field(default_factory=dict)
    registrations: dict[str, Registration] = field(default_factory=dict)


class Documents:
    """A database that is all in memory and never changes."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._pools = {pool.name: _pool(pool) for pool in bundle.icscf_pools}
        self._operators = {operator.name: operator for operator in bundle.operators}
        serving = {one.number for one in bundle.shared_filter_criteria_sets if _serve_unregistered(one.criteria)}
        self._unregistered = {
            profile.name
            for profile in bundle.service_profiles
            if _serve_unregistered(profile.criteria) or not serving.isdisjoint(profile.shared_sets)
        }
        self._found = _Found()
        for number, subscriber in enumerate(bundle.subscriptions, 1):
            self._take(f"{number}", subscriber)

    @property
    def domains(self) -> frozenset[str]:
        """The home domains of all operators."""
        return frozenset(operator.home_domain for operator in self._bundle.operators)

    # NumberSource.

    async def rows(self) -> Rows:
        """Give operators, prefixes, blocks, ported numbers, codes and services."""
        operators, ported = self._bundle.operators, self._bundle.ported_numbers
        return Rows(
            operators={operator.name: self._operator(operator) for operator in operators},
            prefixes=[(prefix[1:], operator.name) for operator in operators for prefix in operator.prefixes],
            stems=[
                (block.stem[1:], operator.name, block.minimum, block.maximum)
                for operator in operators
                for block in operator.blocks
            ],
            ported=[(one.number[1:], one.routing_number, one.operator) for one in ported],
            routing_numbers=[(code, operator.name) for operator in operators for code in operator.routing_numbers],
            carriers=[(code, operator.name) for operator in operators for code in operator.carriers],
            services=[
                (one.number, one.phone_context or "", one.urn, operator.name)
                for operator in operators
                for one in operator.service_numbers
            ],
            default=next((operator.name for operator in operators if operator.default_route), None),
        )

    async def numbers(self) -> AsyncIterator[Sequence[NumberRow]]:
        """Give the complete numbers of all subscribers."""
        for subscriber in self._bundle.subscriptions:
            uris = [public.uri for group in subscriber.sets for public in group.identities]
            yield [(uri[5:], subscriber.operator) for uri in uris if uri.startswith("tel:+") and uri[5:].isdecimal()]

    async def ported_of(self, digits: Collection[str]) -> Sequence[PortedRow]:
        """Give some ported numbers."""
        found = [(one.number[1:], one.routing_number, one.operator) for one in self._bundle.ported_numbers]
        return [row for row in found if row[0] in digits]

    async def numbers_of(self, digits: Collection[str]) -> Sequence[NumberRow]:
        """Give some complete numbers of subscribers."""
        return [row async for piece in self.numbers() for row in piece if row[0] in digits]

    async def profiles(self) -> Mapping[str, Profile]:
        """Give how the users of each operator dial."""
        return {one.name: _profile(one) for one in self._bundle.operators}

    # Calls.

    async def by_msisdn(self, msisdn: Msisdn) -> CalledParty | None:
        """Find a called party by number."""
        return self._found.parties.get(msisdn.digits)

    async def registration(self, uri: str) -> Registration | None:
        """Find the contacts of the implicit registration set of a public identity; None where it is not registered."""
        return self._found.registrations.get(uri)

    # ServedIdentities.

    async def by_uri(self, uri: str) -> ServedIdentity | None:
        """Find by exactly this text."""
        return self._found.served.get(uri)

    async def wildcards(self) -> Collection[str]:
        """List the stored forms of all wildcarded identities."""
        return [uri for uri, served in self._found.served.items() if served.kind in _WILDCARDED]

    async def note_reassignment(self, uri: str) -> None:
        """Nothing is written here."""

    def _operator(self, operator: d.Operator) -> Operator:
        return Operator(
            name=operator.name,
            type=1 if operator.type == 1 else 2,
            entries=tuple(_node(node) for node in operator.entry_nodes),
            pool=self._entry(operator.icscf),
            home=operator.home,
            porting=PortingForm(operator.porting.value),
        )

    def _entry(self, entry: d.IcscfEntry | None) -> Pool:
        if entry is not None and entry.host is not None:
            member = Member(host=entry.host, port=entry.port or SIP_PORT)
            return Pool(name=entry.host, members=(member,), policy=Policy.STATIC)
        return Pool(name="none") if entry is None or entry.pool is None else self._pools[entry.pool]

    def _take(self, number: str, subscriber: d.Subscriber) -> None:
        for place, group in enumerate(subscriber.sets, 1):
            registration = _registration(f"{number}.{place}", subscriber, group)
            for public in group.identities:
                self._found.served[public.uri] = self._served(subscriber, group, public)
                if registration is not None:
                    self._found.registrations[public.uri] = registration
                active = public.psi_active or public.kind not in _PSI
                if active and public.uri.startswith("tel:+") and is_number(public.uri[5:]):
                    self._found.parties.setdefault(public.uri[5:], self._listed(subscriber, public.uri))
        side = subscriber.circuit_switched
        for msisdn in side.msisdns if side else ():
            self._found.parties[msisdn[1:]] = self._party(subscriber, msisdn)

    def _served(self, subscriber: d.Subscriber, group: d.RegistrationSet, public: d.PublicIdentity) -> ServedIdentity:
        own = subscriber.capabilities or self._operators[subscriber.operator].capabilities
        return ServedIdentity(
            uri=public.uri,
            kind=public.kind,
            psi_active=public.psi_active,
            application_server=public.application_server,
            state=group.state,
            unregistered_services=public.service_profile in self._unregistered,
            scscf_name=subscriber.scscf.name if subscriber.scscf else None,
            capabilities=Capabilities(tuple(own.mandatory), tuple(own.optional), tuple(own.names)) or NO_CAPABILITIES,
        )

    def _listed(self, subscriber: d.Subscriber, uri: str) -> CalledParty:
        """Make the party of a number that is served in IMS only."""
        operator, imsi = self._operators[subscriber.operator], _first_imsi(subscriber)
        return CalledParty(
            msisdn=Msisdn(uri[5:]),
            imsi=Imsi(imsi) if imsi else None,
            operator=_facts(operator),
            reachable_in_ims=self._reachable(subscriber, uri),
            preference=TerminatingPreference.IMS_ONLY,
            icscf=_choice(operator.icscf, self._entry(operator.icscf)),
        )

    def _party(self, subscriber: d.Subscriber, msisdn: str) -> CalledParty:
        side, operator = subscriber.circuit_switched, self._operators[subscriber.operator]
        assert side is not None  # noqa: S101 - the caller has its numbers
        imsi = side.imsi or _first_imsi(subscriber)
        pool = self._entry(side.icscf or operator.icscf)
        return CalledParty(
            msisdn=Msisdn(msisdn[1:]),
            imsi=Imsi(imsi) if imsi else None,
            operator=_facts(operator),
            vlr_number=_digits(side.vlr_number),
            msc_number=_digits(side.msc_number),
            reachable_in_ims=self._reachable(subscriber, f"tel:{msisdn}"),
            preference=side.preference,
            icscf=_choice(side.icscf or operator.icscf, pool),
            voicebox=_digits(side.voicebox),
            forwardings=tuple(
                CallForwarding(condition=one.condition, number=one.number[1:], active=one.active)
                for one in side.forwardings
            ),
            barring=side.barring,
        )

    def _reachable(self, subscriber: d.Subscriber, uri: str) -> bool:
        """Tell whether the number, or anything where it is no public identity, is served in IMS."""
        served = {
            public.uri: group.state is not _ABSENT or public.service_profile in self._unregistered
            for group in subscriber.sets
            for public in group.identities
        }
        return served[uri] if uri in served else any(served.values())


def _first_imsi(subscriber: d.Subscriber) -> str | None:
    return min((one.imsi for one in subscriber.private_identities if one.imsi is not None), default=None)


def _serve_unregistered(criteria: Iterable[d.InitialFilterCriteria]) -> bool:
    """Tell whether some criterion applies to the unregistered part (TS 29.228 annex B: also one without a part)."""
    return any(criterion.profile_part in {None, "unregistered"} for criterion in criteria)


def _pool(pool: d.IcscfPool) -> Pool:
    members = tuple(
        Member(
            host=one.host,
            port=one.port,
            transport=one.transport.value,
            priority=one.priority,
            weight=one.weight,
            up=one.state is AdministrativeState.UP,
        )
        for one in pool.members
    )
    return Pool(name=pool.name, members=members, policy=Policy(pool.policy.value))


def _profile(operator: d.Operator) -> Profile:
    prefixes = operator.carrier_selection_prefixes
    return Profile(
        name=operator.name,
        cc=operator.country_code,
        ndc=operator.area_code,
        trunk=operator.trunk_prefix,
        intl=operator.international_prefix,
        carrier_selection=None if prefixes is None else tuple(prefixes),
        rn_len=operator.routing_number_length,
        strict_e164=operator.strict_e164,
        contexts={context: rule.value for context, rule in operator.phone_contexts.items()},
        emergency=frozenset(operator.emergency_numbers),
        short_codes=frozenset(operator.short_codes),
    )


def _node(node: d.EntryNode) -> Member:
    up = node.state is AdministrativeState.UP
    return Member(host=node.host, priority=node.priority, weight=node.weight, up=up)


def _choice(entry: d.IcscfEntry | None, pool: Pool) -> IcscfChoice | None:
    if entry is None:
        return None
    return IcscfChoice(members=pool.members, policy=pool.policy, pool="" if entry.pool is None else pool.name)


def _facts(operator: d.Operator) -> OperatorFacts:
    return OperatorFacts(
        name=operator.name,
        kind=operator.type,
        answers_routing_info=operator.answers_routing_info,
        icscf_answer=operator.icscf_answer,
        extension_oid=operator.extension_oid,
        imrn_prefix=_digits(operator.imrn_prefix),
        msrn_prefix=_digits(operator.msrn_prefix),
    )


def _digits(number: str | None) -> str | None:
    return None if number is None else number[1:]


def _registration(number: str, subscriber: d.Subscriber, group: d.RegistrationSet) -> Registration | None:
    if group.state is _ABSENT:
        return None
    barred = {public.uri: public.barred for public in group.identities}
    contacts = [one for uri in barred for one in subscriber.contacts if one.identity == uri]
    return Registration(
        identities=Identities(
            id=number,
            default=next((uri for uri, is_barred in barred.items() if not is_barred), None),
            members=tuple(barred),
            barred=tuple(uri for uri, is_barred in barred.items() if is_barred),
        ),
        contacts=tuple(_contact(one, barred=barred[one.identity]) for one in contacts),
        mode=Fork(subscriber.forking.value),
        ring_s=subscriber.ring_time_s,
        **({"max_targets": subscriber.devices} if subscriber.devices else {}),
    )


def _contact(contact: d.Contact, *, barred: bool) -> Contact:
    return Contact(
        uri=contact.uri,
        q=round(contact.q * 1000),
        path=tuple(contact.path),
        instance=contact.instance,
        device=contact.device,
        expires_at=contact.expires_at,
        barred=barred,
    )
