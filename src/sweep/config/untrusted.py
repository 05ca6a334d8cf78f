"""Experiments in a folder `sweeps` are data, whoever wrote them: settings and `grid`.

Hydra would do more with such a file before any of our code sees the configuration: import and call what a
`_target_` below `hydra` names, and write logs where it says. So each file is checked when it is read.

[plain_yaml] YAML that somebody else may have written, as plain data of a bounded size, in OmegaConf's
dialect.

[outside_values] Values from outside the configuration, such as ${oc.env:HOME}: only the folder of records may
have one.

Records, tables and file names show the values of all other settings, and who writes ${oc.env:TOKEN} may not
think of that. A value that is typed out, also by the shell as "$HOME", is seen where it is typed.

[overrides] Overrides, `key=value` in Hydra's grammar, checked to be such as its parser can read.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader
from yaml import YAMLError
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent

from sweep.config.tables import groups
from sweep.core.errors import SettingError, one_line, shortened
from sweep.system import files

DEEPEST = 50  # lists and mappings inside one another; parsers call themselves for each of them
MOST = 100_000  # values, where an alias stands for all that it repeats
LONGEST_NUMBER = 100  # characters; Python refuses to read some thousands of digits
_YAML_NUMBER = re.compile(r"[-+.:_0-9a-fxoA-FXO]+")
_RESOLVER = re.compile(r"\$\{[^{}]*:")  # ${oc.env:HOME} or ${oc.decode:${oc.env:X}}, but not ${hidden}


class RefusedError(yaml.MarkedYAMLError):
    """YAML that is more than plain data of a bounded size."""


def load(text: str) -> Any:
    """What a YAML text says, of mappings, lists, texts, numbers, true, false and null.

    Raises YAMLError for what is no YAML, for tags, for a key that stands twice, and for more than a reader of
    settings may be asked to hold: `DEEPEST`, `MOST`, `LONGEST_NUMBER`.
    """
    loader = get_yaml_loader()
    _check_events(yaml.parse(text, Loader=loader))
    try:
        return yaml.load(text, Loader=loader)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # of PyYAML's own constructors
        raise RefusedError(problem=one_line(error)) from error


def texts(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the values of plain data, with its dotted key."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for value in content:
            yield from texts(value, key)
    elif isinstance(content, str):
        yield key, content


def calls_resolver(text: str) -> bool:
    """Whether OmegaConf would take a part of the text from a function, such as ${oc.env:HOME}."""
    return _RESOLVER.search(text) is not None


def _check_events(events: Iterator[Event]) -> None:
    """Raise RefusedError for what is not plain, or too much. Reads no further than that."""
    sizes: dict[str | None, int] = {}  # of what each anchor stands for
    total, begun = 0, list[tuple[str | None, int]]()
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor not in sizes:
                raise _refused_event("an alias of nothing, or of what it is part of", event)
            total += sizes[event.anchor]
        elif isinstance(event, ScalarEvent | CollectionStartEvent):
            _check_node(event)
            total += 1
        if isinstance(event, ScalarEvent):
            sizes[event.anchor] = 1
        elif isinstance(event, CollectionStartEvent):
            begun.append((event.anchor, total))
        elif isinstance(event, CollectionEndEvent):
            anchor, before = begun.pop()
            sizes[anchor] = total - before + 1
        if len(begun) > DEEPEST:
            raise _refused_event(f"more than {DEEPEST} levels", event)
        if total > MOST:
            raise _refused_event(f"more than {MOST:,} values", event)


def _check_node(event: ScalarEvent | CollectionStartEvent) -> None:
    if event.tag is not None:
        raise _refused_event(f"the tag {event.tag}; must be plain", event)
    text = event.value if isinstance(event, ScalarEvent) and event.implicit[0] else ""
    if len(text) > LONGEST_NUMBER and _YAML_NUMBER.fullmatch(text):
        raise _refused_event(f"a number of more than {LONGEST_NUMBER} characters", event)


def _refused_event(problem: str, event: Event) -> RefusedError:
    return RefusedError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


GROUP = "experiment"
_PACKAGE = "_global_"
_HEADER = re.compile(r"\s*#\s*@package\s+(\S+)\s*(\n|\Z)")
_PATH = r"[\w-]+(/[\w-]+)*"
_OTHER = re.compile(rf"(/{GROUP}/)?{_PATH}")  # another experiment
_NAME = re.compile(r"[\w-]+")
_WHO = "; a configuration folder, --config-dir, may have more"


def serves(path: str) -> bool:
    """Whether a path within a folder `sweeps` is that of an experiment, or of a folder of experiments."""
    return path.partition("/")[0] == GROUP and ".." not in path.split("/")


def read(folder: Path, path: str) -> dict[str, Any]:
    """The content of the experiment file at a path within the folder `sweeps`.

    Raises SettingError, in one line with the file and the key, for one that is not plain settings and grid.
    """
    try:
        text = files.read(folder / path).decode("utf-8")
        content = load(text)
    except OSError as error:
        raise SettingError(f"{path}: cannot be read ({error.strerror})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: {one_line(error)}") from error
    header = _HEADER.match(text)
    if header is None or header[1] != _PACKAGE:
        raise SettingError(f"{GROUP} (in {path}): the first line of its file must be # @package {_PACKAGE}")
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise SettingError(f"{path}: must be a mapping of settings")
    _check(content, path)
    return content


def _check(content: dict[Any, Any], path: str) -> None:
    place = f" (in {path})"
    if "hydra" in content:
        inner = content["hydra"]
        key = f"hydra.{next(iter(inner))}" if isinstance(inner, dict) and inner else "hydra"
        raise SettingError(f"{key}{place}: must be settings and grid, nothing of hydra{_WHO}")
    for key in _keys(content):
        if key.rpartition(".")[2] == "_target_":
            raise SettingError(f"{key}{place}: no setting names what is called{_WHO}")
    for key, text in texts(content):
        if calls_resolver(text):
            raise SettingError(
                f"{key}={text}{place}: must be written out, or another setting, as ${{hidden}}"
            )
    chosen = content.get("defaults", [])
    if not isinstance(chosen, list):
        raise SettingError(f"defaults: {chosen}{place}: must be a list")
    for entry in chosen:
        if not _allowed(entry):
            raise SettingError(
                f"defaults: {entry}{place}: must be another experiment, _self_, or one of"
                f" {', '.join(f'override /{group}' for group in groups())}{_WHO}"
            )


def _keys(content: Any, key: str = "") -> list[str]:
    """The dotted keys of plain data."""
    if isinstance(content, list):
        return [inner for value in content for inner in _keys(value, key)]
    if not isinstance(content, dict):
        return []
    found = []
    for name, value in content.items():
        own = f"{key}.{name}" if key else str(name)
        found += [own, *_keys(value, own)]
    return found


def _allowed(entry: Any) -> bool:
    """Whether an entry of a defaults list chooses among experiments, or among the options of a group."""
    if isinstance(entry, str):
        return _OTHER.fullmatch(entry) is not None
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    ((key, name),) = entry.items()
    if not isinstance(key, str) or not isinstance(name, str) or not _NAME.fullmatch(name):
        return False
    return key.removeprefix("override ").removeprefix("/") in groups() or _OTHER.fullmatch(key) is not None


FREE = "results"  # neither in records nor in tables
# ${results}, ${.results}, and a reference whose name is itself a value, ${${name}}
_REFERENCE = re.compile(rf"\$\{{[^{{}}]*({FREE}|\$\{{)")


def check_outside_values(own: DictConfig) -> None:
    """Raise SettingError for a setting, other than `results`, whose value would come from outside.

    `own` are the composed settings, not resolved. The error names the setting and what is written, never the
    value.
    """
    written = list(texts(OmegaConf.to_container(own, resolve=False)))
    outside = any(key == FREE and calls_resolver(text) for key, text in written)
    for key, text in written:
        if key != FREE and (calls_resolver(text) or (outside and _REFERENCE.search(text))):
            raise _refused(key, text)


def check_choices(overrides: Iterable[str]) -> None:
    """Raise SettingError for an override that chooses an option of a group by a value from elsewhere.

    Hydra takes the value before it looks for the option, and shows it where there is none of that name.
    """
    for line in overrides:
        key, _, value = line.partition("=")
        key = key.lstrip("+").partition("@")[0]
        if "${" in value and ("/" in key or key in (*groups(), "experiment")):
            raise _refused(key, value)


def _refused(key: str, text: str) -> SettingError:
    return SettingError(
        f"{key}={text}: must be typed out: records, tables and names of files show the value;"
        f" only {FREE} may come from outside"
    )


_NAMELESS = re.compile(r"[+~]*\s*(@[^=]*)?(=|$)")
_NUMBER = re.compile(rf"[\d_]{{{LONGEST_NUMBER + 1}}}")


def parsed(lines: Iterable[str]) -> list[Override]:
    """The overrides in these lines. Raises SettingError as `check_overrides` does, or HydraException."""
    lines = list(lines)
    check_overrides(lines)
    return OverridesParser.create().parse_overrides(lines)


def check_overrides(lines: Iterable[str]) -> None:
    """Raise SettingError for a line that the parser would fail at, or as `check_choices` does."""
    for line in lines:
        if _NAMELESS.match(line):
            raise SettingError(f"{shortened(line)!r}: must be key=value")
        if sum(map(line.count, "[{(")) > DEEPEST and _depth(line) > DEEPEST:
            raise SettingError(f"{shortened(line)}: must have at most {DEEPEST} brackets inside one another")
        if _NUMBER.search(line):
            raise SettingError(f"{shortened(line)}: must have at most {LONGEST_NUMBER} digits in a row")
        check_choices([line])


def _depth(line: str) -> int:
    """How many brackets are open at once, at most; those in quotes count as well."""
    depth = deepest = 0
    for character in line:
        depth += (character in "[{(") - (character in ")}]" and depth > 0)
        deepest = max(deepest, depth)
    return deepest
