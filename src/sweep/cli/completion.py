"""Shell completion of commands, flags, settings and their values, answered from the schema.

`eval "$(sweep -sc install=bash)"` installs Hydra's script, which calls `sweep -sc query=bash` at each Tab
and passes the line typed so far in COMP_LINE. Hydra would compose a configuration to answer, which is slow,
and it knows no commands. Only words that begin with `hydra` are left to it.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sweep.cli import COMMANDS, command_parser
from sweep.core.errors import SweepError

FLAGS = {
    **dict.fromkeys(("-m", "--multirun", "--version", "-h", "--help", "--hydra-help", "-cd", "--config-dir")),
    **dict.fromkeys(("-c", "--cfg"), ("job", "hydra", "all")),
    **dict.fromkeys(
        ("-i", "--info"), ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
    ),
}
# bash expands candidates before it shows them: a file called $(command) must not become one.
_SAFE = re.compile(r"[\w.,=/:+~@%\[\]-]+")


def answer(arguments: Sequence[str]) -> bool:
    """Print the candidates if these arguments are a shell's query; return False if Hydra should act."""
    if sys.argv[0].endswith(".py"):
        sys.argv[0] = "sweep"  # after `python -m sweep`, too, Hydra installs completion of the console script
    shell = next((text.removeprefix("query=") for text in arguments if text.startswith("query=")), None)
    line = os.environ.get("COMP_LINE")
    if shell is None or line is None or _words(line)[-1].lstrip("+~").startswith(("hydra.", "hydra/")):
        return False
    words: list[str] = []
    with suppress(SweepError, OSError):  # the prompt is no place for an error
        words = candidates(line)
    print(("\n" if shell == "fish" else " ").join(words))
    return True


def candidates(line: str) -> list[str]:
    """Return all words that can stand in place of the last word of a command line."""
    *before, word = _words(line)
    command, before = _command(before)
    previous = before[-1] if before else ""
    flags = FLAGS if command is None else command_parser(command).flags
    if previous == "--remove":
        matches = _matching(("cell=", *_removable()), word)
    elif choices := flags.get(previous):
        matches = _matching(map(str, choices), word)
    elif word.startswith("-"):
        matches = _matching(flags, word)
    else:
        first = _matching(COMMANDS, word) if command is None and not before else []
        matches = [*first, *_positionals(command, word)]
    return [match for match in dict.fromkeys(matches) if _SAFE.fullmatch(match)]


def _words(line: str) -> list[str]:
    """Return the words of a line without the program; the last is the one to complete, perhaps empty."""
    words = re.split(r"\s+", line.lstrip())
    if re.match(r"python[\d.]*$", Path(words[0]).name) and words[1:2] == ["-m"]:
        module = words[2] if len(words) > 2 else ""
        return [*filter(None, [module.partition(".")[2]]), *words[3:]] or [""]
    return words[1:] or [""]


def _command(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split the command, None if there is none, from the words after it."""
    if words and words[0] in COMMANDS:
        return words[0], list(words[1:])
    return None, list(words)


def _positionals(command: str | None, word: str) -> list[str]:
    if command in ("report", "reproduce"):
        from sweep.papers.read import names

        return _matching(["all", *names()], word)
    if command == "help":
        return _matching([*COMMANDS, *(key.rstrip("=.") for key in _keys(word))], word)
    if command == "status":
        return []
    return [*_criteria(word), *_settings(word)] if command == "compare" else _settings(word)


def _removable() -> Sequence[str]:
    from sweep.store.upkeep import KINDS

    return list(KINDS)


def _criteria(word: str) -> list[str]:
    """Return completions among the keys that only `sweep compare` has."""
    from sweep.cli.compare import CRITERIA, DESCRIPTIONS

    key, equals, value = word.partition("=")
    if equals:
        return [f"{key}={text}" for text in _values(f"compare.{key}", value)] if key in CRITERIA else []
    return [f"{name}=" for name in _matching((*CRITERIA, *DESCRIPTIONS), word)]


def _settings(word: str) -> list[str]:
    """Return completions of a setting's key, or of its value after the equals sign."""
    mark = word[: len(word) - len(word.lstrip("+~"))]
    key, equals, value = word[len(mark) :].partition("=")
    if equals:
        return [f"{mark}{key}={text}" for text in _values(key, value)]
    return [f"{mark}{name.removesuffix('=') if mark == '~' else name}" for name in _keys(key)]


def _keys(beginning: str) -> list[str]:
    """Return the keys with this beginning, one level of groups at a time: `optimizer=`, `optimizer.`."""
    from sweep.config.schema import fields
    from sweep.config.tables import groups

    level = beginning.count(".")
    names = [*(f"{field.column}=" for field in fields()), *(f"{group}=" for group in groups()), "hydra."]
    matches = []
    for name in _matching(names, beginning):
        parts = name.split(".")
        matches.append(".".join([*parts[: level + 1], ""]) if len(parts) > level + 1 else name)
    return list(dict.fromkeys(matches))


def _values(key: str, text: str) -> list[str]:
    """Return completions of a setting's value; in a list, of its last item."""
    if text.startswith((".", "/")) and "/" in text:
        folder, _, name = text.rpartition("/")
        files = Path(f"{folder}/").glob("*")  # none if there is no such folder
        return sorted(f"{folder}/{file.name}" for file in files if file.name.startswith(name))
    head = text[: max(text.rfind(","), text.rfind("[")) + 1]
    present = set(re.split(r"[,\[]", head))
    values = [value for value in _options(key, in_list="[" in head) if value not in present]
    return [f"{head}{value}" for value in _matching(values, text[len(head) :])]


def _options(key: str, *, in_list: bool) -> Iterator[str]:
    from sweep.config.messages import experiments
    from sweep.config.schema import default_config, fields
    from sweep.config.tables import groups, options
    from sweep.core.formats import typed_value

    field = next((field for field in fields() if field.column == key), None)
    if key == "experiment":
        yield from experiments()
    elif key in groups():
        yield from options(key)
    elif field is not None:
        usual = field.value(default_config())
        if isinstance(usual, bool):
            yield from ("true", "false")
        elif in_list or not isinstance(usual, list):
            yield from field.rule.choices
        if not in_list:
            yield typed_value(usual)


def _matching(words: Iterable[str], beginning: str) -> list[str]:
    return [word for word in words if word.startswith(beginning)]
