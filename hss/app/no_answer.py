"""How a command that asks ends where nobody answers."""


class NoAnswer(Exception):
    """Nobody answers, or not in time."""

    exit_status = 3
