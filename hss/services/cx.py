"""Cx: answer at once from what is known, or load, decide and save."""

import re
from collections.abc import Awaitable, Collection, Container
from enum import Enum
from typing import Final, Protocol, TypeAlias

from hss.procedures import cx
from hss.services.administration import Changes
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import Found, ReadModel

_NUMBER_IN_SIP: Final = re.compile(r"sip:(\+[0-9.()-]{1,30})@(.+)")  # digits and visual separators
_SEPARATORS: Final = str.maketrans("", "", "-.()")


class Unseen(Enum):
    """That only the database can tell."""

    UNSEEN = "unseen"


UNSEEN: Final = Unseen.UNSEEN
Known: TypeAlias = ReadModel[str, cx.ServedIdentity]
Mark: TypeAlias = Found[str, cx.ServedIdentity]


class ServedIdentities(Protocol):
    """What Cx needs of the database."""

    async def by_uri(self, uri: str) -> cx.ServedIdentity | None:
        """Find by exactly this text: a canonical identity, or a wildcard as it is stored."""
        ...

    async def wildcards(self) -> Collection[str]:
        """List the stored forms of all wildcarded identities."""
        ...

    async def note_reassignment(self, uri: str) -> None:
        """Note at the subscription of `uri` that another S-CSCF may take over."""
        ...


class CxService:
    """The HSS side of Cx.

    `home`: our own domains, looked at anew for each request. `number_behind_sip`: a SIP identity of ours that is not
    stored and has a number as its user part is looked for as that number, since some clients lose `user=phone`.
    """

    def __init__(
        self,
        *,
        store: ServedIdentities,
        known: Known,
        members: Membership,
        wildcards: WildcardIndex,
        home: Container[str],
        number_behind_sip: bool = True,
        restoration_supported: bool = False,
        default_capabilities: cx.Capabilities = cx.NO_CAPABILITIES,
    ) -> None:
        self._store = store
        self._known = known
        self._members = members
        self._wildcards = wildcards
        self._home = home
        self._number_behind_sip = number_behind_sip
        self._restoration_supported = restoration_supported
        self._default_capabilities = default_capabilities

    def locate(self, request: cx.LocationInfoRequest) -> cx.LocationInfoAnswer | Awaitable[cx.LocationInfoAnswer]:
        """Serve an LIR: at once where the read model or the membership filter can, else from the database."""
        known = self._seen(request.public)
        if known is None and (number := self._number_behind(request.public)) is not None:
            known = self._seen(number)
        if known is UNSEEN:
            return self._load_and_locate(request)
        answer = self._decide(request, known)
        if known is not None and answer.reassignment_pending:
            return self._note_reassignment(known, answer)
        return answer

    def is_unknown(self, uri: str) -> bool:
        """Tell, without a count or the database, of an identity that certainly nobody has; False: ask `locate`."""
        if self._known.peek(uri) or self._members.may_have(uri) or self._wildcards.find(uri) is not None:
            return False
        number = self._number_behind(uri)
        return number is None or self.is_unknown(number)

    def marks(self, request: cx.LocationInfoRequest) -> tuple[Mark, ...]:
        """Give the entries that the answer just given rests on; none: it must not be kept.

        It stays true as long as all of them are current. What a wildcard or the filter answered is not kept, since
        the identities asked for would be too many.
        """
        found = self._known.peek(request.public)
        if found is not None and found.value is not None:
            return (found,)
        number = self._number_behind(request.public)
        behind = None if number is None else self._known.peek(number)
        if behind is None or behind.value is None or self._wildcards.find(request.public) is not None:
            return ()
        return (found or self._known.write(request.public, None), behind)

    def apply(self, changes: Changes) -> None:
        """Hear what a committed transaction changed; where wildcards did, `load_wildcards` has to follow."""
        for uri in changes.added:
            self._members.add(uri)
        if changes.everything or changes.wildcards or changes.numbering:
            self._known.clear()
        for uri in changes.identities:
            self._known.forget(uri)

    async def load_wildcards(self) -> None:
        """Learn all wildcarded identities: before the first request, and after a change of them."""
        self._wildcards.replace(await self._store.wildcards())
        self._known.clear()

    def _seen(self, uri: str) -> cx.ServedIdentity | Unseen | None:
        """Tell what is known without the database; a distinct identity goes before a wildcard."""
        found = self._known.find(uri)
        if found is None:
            if self._members.may_have(uri):
                return UNSEEN
        elif found.value is not None:
            return found.value
        wildcard = self._wildcards.find(uri)
        if wildcard is None:
            return None
        found = self._known.find(wildcard)
        return UNSEEN if found is None else found.value

    def _number_behind(self, uri: str) -> str | None:
        """Find the tel URI of a SIP identity of ours whose user part is a number."""
        if not uri.startswith("sip:+") or not self._number_behind_sip:
            return None
        match = _NUMBER_IN_SIP.fullmatch(uri)
        if match is None or match[2] not in self._home:
            return None
        number = match[1].translate(_SEPARATORS)
        return f"tel:{number}" if 2 <= len(number) <= 16 else None

    async def _load_and_locate(self, request: cx.LocationInfoRequest) -> cx.LocationInfoAnswer:
        known = await self._loaded(request.public)
        if known is None and (number := self._number_behind(request.public)) is not None:
            known = await self._loaded(number)
        answer = self._decide(request, known)
        if known is not None and answer.reassignment_pending:
            return await self._note_reassignment(known, answer)
        return answer

    async def _loaded(self, uri: str) -> cx.ServedIdentity | None:
        known = self._seen(uri)
        if known is not UNSEEN:
            return known
        value = await self._fetched(uri)
        if value is None and (wildcard := self._wildcards.find(uri)) is not None:
            value = await self._fetched(wildcard)
        return value

    async def _fetched(self, uri: str) -> cx.ServedIdentity | None:
        found = self._known.find(uri)
        if found is not None:
            return found.value
        ticket = self._known.start(uri)
        try:
            value = await self._store.by_uri(uri)
        except BaseException:
            self._known.abandon(uri, ticket)
            raise
        self._known.fill(uri, value, ticket)
        return value

    def _decide(self, request: cx.LocationInfoRequest, known: cx.ServedIdentity | None) -> cx.LocationInfoAnswer:
        return cx.locate(
            request,
            known,
            restoration_supported=self._restoration_supported,
            default_capabilities=self._default_capabilities,
        )

    async def _note_reassignment(
        self, known: cx.ServedIdentity, answer: cx.LocationInfoAnswer
    ) -> cx.LocationInfoAnswer:
        await self._store.note_reassignment(known.uri)
        return answer
