"""All associations of one node, and the choice among them."""

from collections.abc import Sequence
from typing import Generic, Protocol

from hss.sigtran.layer import L
from hss.sigtran.m3ua.messages import Transfer


class Carrier(Protocol):
    """An association, as the choice among them sees it."""

    def carriers(self, transfer: Transfer) -> "Sequence[Carrier] | None":
        """Choose those that take an answer to what came by this one; None: it is kept for later."""
        ...

    def reaches(self, point_code: int) -> bool:
        """Tell whether traffic for a point code may go this way now."""
        ...

    def push(self, transfer: Transfer) -> None:
        """Send without being asked."""
        ...


class Links(Generic[L]):
    """The associations of a node that stand, in the order in which they came up."""

    def __init__(self) -> None:
        self._carriers: list[Carrier] = []

    def join(self, carrier: Carrier) -> None:
        """Add an association that stands."""
        if carrier not in self._carriers:
            self._carriers.append(carrier)

    def leave(self, carrier: Carrier) -> None:
        """Take out one that is gone."""
        if carrier in self._carriers:
            self._carriers.remove(carrier)

    def __len__(self) -> int:
        """Count the associations."""
        return len(self._carriers)

    def choose(self, transfer: Transfer) -> Sequence[Carrier] | None:
        """Choose by the way back, else by destination and SLS; empty: nobody; None: kept for later."""
        if transfer.via is not None:
            carriers: Sequence[Carrier] | None = transfer.via.carriers(transfer)
            if carriers is None or carriers:
                return carriers
        able = [carrier for carrier in self._carriers if carrier.reaches(transfer.dpc)]
        return [able[transfer.sls % len(able)]] if able else ()

    def post(self, transfer: Transfer) -> bool:
        """Send from outside of any call of a machine; False: there is no way."""
        chosen = self.choose(transfer)
        for carrier in chosen or ():
            carrier.push(transfer)
        return chosen is None or bool(chosen)
