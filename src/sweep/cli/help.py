"""The help of all commands and docs/settings.md, from commands and schema; the parser of arguments."""

import argparse
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, NoReturn

from sweep.cli import COMMANDS, command_parser
from sweep.config.check import allowed
from sweep.config.messages import experiments, unknown_setting
from sweep.config.schema import Config, Node, default_config, nodes
from sweep.config.schema import fields as setting_fields
from sweep.config.tables import options
from sweep.config.unused import describe, needs
from sweep.core.errors import SettingError, nearest
from sweep.core.formats import typed_value


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


_USAGE = """\
usage: sweep [setting=value ...]
       sweep -m setting=value,value ... [setting=value ...]
       sweep COMMAND ..."""

_INTRODUCTION = (
    "Trains small neural networks with several seeds per setting and says which differences are larger than"
    " the luck of the seeds. With -m, settings take several values, and every combination is a cell. What is"
    " stored is not trained again. python -m sweep is the same command."
)

EXAMPLES = {
    "-m hidden=16,128,256": "three widths, five seeds each",
    "-m optimizer=sgd,adam learning_rate=0.1,0.001 seeds=10": "every combination, ten seeds each",
    "hidden=[300,100] regularization=l2 early_stopping.patience=3": "one network of two hidden layers",
    "-m depth=1,2,3 activation=relu,tanh dry_run=true": "the plan alone: cells, trials, time",
    "experiment=basics/optimizers seeds=3": "a sweep from a file, with fewer seeds",
}

_FLAGS = {
    "-m, --multirun": "settings take several values: a,b or range(1,9)",
    "--cfg job": "print the whole configuration; train nothing",
    "--info": "print how the configuration is composed",
    "-sc install=bash": 'completion: eval "$(sweep -sc install=bash)"',
    "--version": "print the version of sweep",
    "--hydra-help": "print all of Hydra's own flags",
}

# The sections of the top-level settings; all others are in the last.
_SECTIONS = {
    "The network": "hidden depth activation output loss initializer initializer_std bias",
    "The training": (
        "learning_rate momentum batch_size reduction epochs max_iterations precision"
        " optimizer regularization schedule early_stopping evaluation"
    ),
    "The data": "data",
    "The seeds": "seeds decide budget vary root_seed",
    "The run": "",
}
_INDENT = 30  # where meanings begin


def usage(width: int) -> str:
    """Return the text of `sweep --help`, at most `width` characters across."""
    commands = {name: command.summary for name, command in COMMANDS.items()}
    parts = [
        _USAGE,
        textwrap.fill(_INTRODUCTION, width),
        "Examples:\n" + _listed({f"sweep {line}": text for line, text in EXAMPLES.items()}, width),
        "Commands (each has its own --help):\n" + _listed(commands, width),
        "Flags:\n" + _listed(_FLAGS, width),
    ]
    for title, names in _sections().items():
        entries = dict(entry for name in names for entry in _entries(name))
        parts.append(f"{title}:\n" + _listed(entries, width))
    files = f"Experiments, files in sweeps/experiment/ here or in the package: {', '.join(experiments())}"
    parts.append(textwrap.fill(files, width, break_on_hyphens=False))
    return "\n\n".join(parts)


def help_parser() -> CommandParser:
    """Return the parser of `sweep help`."""
    examples = "  sweep help compare\n  sweep help hidden\n  sweep help optimizer"
    parser = CommandParser("help", "Explains a command, a setting or a group of settings.", examples)
    parser.add_argument(
        "topic",
        nargs="?",
        help="a command or a setting; settings prints docs/settings.md; nothing, sweep --help",
    )
    return parser


def help(options: argparse.Namespace) -> int:
    """Explain the command or setting of `topic`, or `sweep` itself without one."""
    width, topic = min(shutil.get_terminal_size().columns, 100), options.topic
    if topic is None:
        print(usage(width))
    elif topic == "settings":
        print(settings_page(), end="")
    elif topic in COMMANDS:
        print(command_parser(topic).format_help(), end="")
    elif entries := dict(_entries(topic)):
        print(_listed(entries, width))
    elif hint := nearest(topic, COMMANDS):
        raise SettingError(f"{topic}: no such command{hint}")
    else:
        raise unknown_setting(topic)
    return 0


def _sections() -> dict[str, list[str]]:
    """Return the top-level settings and groups of each section; the user's own settings have their own."""
    sections = {title: names.split() for title, names in _SECTIONS.items()}
    listed = {name for names in sections.values() for name in names}
    top = [key for key in nodes() if "." not in key and key not in listed]
    packaged = {item.name for item in fields(Config)}
    sections["The run"] = [key for key in top if key in packaged]
    registered = [key for key in top if key not in packaged]
    return sections | ({"Registered by you": registered} if registered else {})


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """Yield `key=default` and the meaning of a setting, or of each setting of a group."""
    node = nodes().get(name)
    if node is not None and node.is_group and options(name) and f"{name}.name" not in nodes():
        choices = options(name)
        yield f"{name}={choices[0]}", f"the settings below at once; one of {', '.join(choices)}"
    for field in _within(name):
        key, default, meaning, words, requirements = _columns(field)
        clauses = (meaning, words, requirements and f"needs {requirements}")
        yield f"{key}={default}", "; ".join(filter(None, clauses))


def _within(name: str) -> list[Node]:
    """Return the setting of this name, or all settings of the group."""
    return [field for field in setting_fields() if field.key == name or field.key.startswith(f"{name}.")]


def _columns(field: Node) -> tuple[str, str, str, str, str]:
    """Return a setting's name, its default, its meaning, what is allowed, and what it needs."""
    words = allowed(field.key) if field.kind is not Any or field.rule.words else ""
    requirements = " and ".join(map(describe, needs().get(field.key, ())))
    default = typed_value(field.value(default_config()))
    return field.column, default, field.rule.help, words, requirements


def settings_page() -> str:
    """Return the text of docs/settings.md: a table of all settings for each section of the help text."""
    lines = ["# Settings", "", "Generated from the schema by `sweep help settings`.", ""]
    lines += ["A setting without the one that it needs must stay at its default.", ""]
    for title, names in _sections().items():
        lines += [f"## {title}", "", "| setting | default | meaning | allowed | needs |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        for key, default, *texts in (_columns(field) for name in names for field in _within(name)):
            lines.append(" | ".join([f"| `{key}`", f"`{default}`", *texts]) + " |")
        lines.append("")
    return "\n".join(lines)


def _listed(entries: Mapping[str, str], width: int) -> str:
    lines = []
    for key, meaning in entries.items():
        wrapped = textwrap.wrap(meaning, width - _INDENT, break_on_hyphens=False)
        if len(key) + 4 > _INDENT:
            lines.append(f"  {key}")
        else:
            lines.append(f"  {key}".ljust(_INDENT) + wrapped.pop(0))
        lines += [" " * _INDENT + line for line in wrapped]
    return "\n".join(lines)
