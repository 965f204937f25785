"""How a command that asks ends where it cannot ask, or nobody answers."""


class NoAnswer(Exception):
    """Nobody answers, or not in time."""

    exit_status = 3


class WrongTarget(Exception):
    """What is to be asked is not an address."""

    exit_status = 2
