"""The console script `sweep`: `python -m sweep` under a shorter name."""

from sweep import stopping


def main() -> None:
    """The command line of `python -m sweep`."""
    stopping.at_once()
    from sweep.__main__ import main as command

    command()
