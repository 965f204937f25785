"""How commands end and print."""

import click


class Refusal(click.ClickException):
    """The answer is a refusal, or an expectation is not met."""

    exit_code = 1


class WrongConfiguration(click.ClickException):
    """A key of the configuration breaks a rule."""

    exit_code = 2


class NoService(click.ClickException):
    """Nobody answers."""

    exit_code = 3


class WrongQuestion(click.ClickException):
    """A question that cannot be understood."""

    exit_code = 2


class PartlyRefused(click.ClickException):
    """Some input was refused, the rest was taken."""

    exit_code = 4


def printable(text: str) -> str:
    """Write what a terminal would obey, or cannot show, as escapes; text that somebody sent may hold anything."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number of things."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
