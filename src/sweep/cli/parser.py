"""The parser of a command's arguments: its help has examples, and its errors are one line."""

import argparse
from typing import NoReturn

from sweep.core.errors import SettingError


class CommandParser(argparse.ArgumentParser):
    """A parser of `sweep NAME` that raises SettingError instead of printing several lines."""

    def __init__(self, name: str, description: str, examples: str = "") -> None:
        super().__init__(
            prog=f"sweep {name}",
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise SettingError for an argument that is missing or not understood."""
        raise SettingError(f"{message}; {self.prog} --help explains the command")
