"""The `hss` command."""


def main() -> None:
    """Run the command line."""
