"""The parser of a command's arguments: its help has examples, and its errors are one line."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from sweep.core.errors import SettingError


class CommandParser(argparse.ArgumentParser):
    """A parser of `sweep NAME` that raises SettingError instead of printing several lines."""

    def __init__(self, name: str, description: str, examples: str) -> None:
        super().__init__(
            prog=f"sweep {name}",
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise SettingError for an argument that is missing or not understood."""
        raise SettingError(f"{message}; {self.prog} --help explains the command")

    @property
    def flags(self) -> Mapping[str, Iterable[Any] | None]:
        """Return every flag, and the values to choose from if it takes one of a list."""
        return {flag: action.choices for flag, action in self._option_string_actions.items()}
