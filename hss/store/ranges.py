"""What a call to a subscriber needs of the database: the circuit-switched side, and whom to ring."""

from hss.store.database import Database


class NumberingLoader:
    """Loads what the routing of a call asks for."""

    def __init__(self, database: Database) -> None:
        self._database = database
