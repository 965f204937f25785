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


class PartlyRefused(click.ClickException):
    """Some input was refused, the rest was taken."""

    exit_code = 4
