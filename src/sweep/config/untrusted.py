"""Checks of files and overrides that somebody else may have written: they are data, and never run code.

- YAML becomes plain data of a bounded size, in OmegaConf's dialect.
- An experiment in a folder `sweeps` holds settings and `grid`. Hydra would do more with such a file before
  any of our code sees the configuration: import and call the `_target_` of a part of `hydra`, and write logs
  to any folder. So each file is checked when it is read.
- Only `results` may take its value from outside the configuration, as from ${oc.env:HOME}. Records, tables
  and file names show all other values, and whoever writes ${oc.env:TOKEN} may not expect that.
- Overrides, `key=value` in Hydra's grammar, are refused if Hydra's parser would fail at them.
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

DEEPEST = 50  # levels of lists and mappings; parsers recurse at each of them
MOST = 100_000  # values; an alias counts as all that it repeats
LONGEST_NUMBER = 100  # characters; Python refuses to read some thousands of digits
_YAML_NUMBER = re.compile(r"[-+.:_0-9a-fxoA-FXO]+")
_RESOLVER = re.compile(r"\$\{[^{}]*:")  # ${oc.env:HOME} or ${oc.decode:${oc.env:X}}, but not ${hidden}


class RefusedError(yaml.MarkedYAMLError):
    """YAML that is more than plain data of a bounded size."""


def load(text: str) -> Any:
    """Load YAML as plain data: mappings, lists, texts, numbers, true, false and null.

    Raises YAMLError for text that is not YAML, for tags, for a key that stands twice, and for more than
    settings need: `DEEPEST`, `MOST`, `LONGEST_NUMBER`.
    """
    loader = get_yaml_loader()
    _check_events(yaml.parse(text, Loader=loader))
    try:
        return yaml.load(text, Loader=loader)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # of PyYAML's own constructors
        raise RefusedError(problem=one_line(error)) from error


def texts(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in the values of plain data, with its dotted key."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for value in content:
            yield from texts(value, key)
    elif isinstance(content, str):
        yield key, content


def calls_resolver(text: str) -> bool:
    """Return True if OmegaConf would take a part of the text from a function, such as ${oc.env:HOME}."""
    return _RESOLVER.search(text) is not None


def _check_events(events: Iterator[Event]) -> None:
    """Raise RefusedError at the first event that is not plain data, or too much of it."""
    sizes: dict[str | None, int] = {}  # the number of values that each anchor stands for
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
_ELSEWHERE = "; a configuration folder, --config-dir, may have more"


def serves(path: str) -> bool:
    """Return True if a path in a folder `sweeps` belongs to an experiment or to a folder of experiments."""
    return path.partition("/")[0] == GROUP and ".." not in path.split("/")


def read(folder: Path, path: str) -> dict[str, Any]:
    """Return the content of the experiment file at a path in the folder `sweeps`.

    Raises SettingError, in one line with the file and the key, for anything but plain settings and a grid.
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
    file = f" (in {path})"
    if "hydra" in content:
        inner = content["hydra"]
        key = f"hydra.{next(iter(inner))}" if isinstance(inner, dict) and inner else "hydra"
        raise SettingError(f"{key}{file}: must be settings and grid, nothing of hydra{_ELSEWHERE}")
    for key in _keys(content):
        if key.rpartition(".")[2] == "_target_":
            raise SettingError(f"{key}{file}: experiment files may not choose code to run (`_target_`)")
    for key, text in texts(content):
        if calls_resolver(text):
            raise SettingError(f"{key}={text}{file}: must be written out, or another setting, as ${{hidden}}")
    chosen = content.get("defaults", [])
    if not isinstance(chosen, list):
        raise SettingError(f"defaults: {chosen}{file}: must be a list")
    for entry in chosen:
        if not _allowed(entry):
            raise SettingError(
                f"defaults: {entry}{file}: must be another experiment, _self_, or one of"
                f" {', '.join(f'override /{group}' for group in groups())}{_ELSEWHERE}"
            )


def _keys(content: Any, key: str = "") -> list[str]:
    """Return the dotted keys of plain data."""
    if isinstance(content, list):
        return [inner for value in content for inner in _keys(value, key)]
    if not isinstance(content, dict):
        return []
    keys = []
    for name, value in content.items():
        dotted = f"{key}.{name}" if key else str(name)
        keys += [dotted, *_keys(value, dotted)]
    return keys


def _allowed(entry: Any) -> bool:
    """Return True if an entry of a defaults list chooses an experiment or an option of a group."""
    if isinstance(entry, str):
        return _OTHER.fullmatch(entry) is not None
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    ((key, name),) = entry.items()
    if not isinstance(key, str) or not isinstance(name, str) or not _NAME.fullmatch(name):
        return False
    return key.removeprefix("override ").removeprefix("/") in groups() or _OTHER.fullmatch(key) is not None


FREE = "results"  # it is neither in records nor in tables
# ${results}, ${.results}, and a reference whose name is itself a value, ${${name}}
_REFERENCE = re.compile(rf"\$\{{[^{{}}]*({FREE}|\$\{{)")


def check_outside_values(settings: DictConfig) -> None:
    """Raise SettingError for a setting, other than `results`, whose value would come from outside.

    `settings` are composed, not resolved. The error names the setting and the text, never the value.
    """
    written = list(texts(OmegaConf.to_container(settings, resolve=False)))
    outside = any(key == FREE and calls_resolver(text) for key, text in written)
    for key, text in written:
        if key != FREE and (calls_resolver(text) or (outside and _REFERENCE.search(text))):
            raise _refused(key, text)


def check_choices(overrides: Iterable[str]) -> None:
    """Raise SettingError for an override that chooses an option of a group by a value from elsewhere.

    Hydra takes the value before it looks for the option, and shows it if there is no such option.
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
    """Parse overrides. Raises SettingError as `check_overrides` does, or HydraException."""
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
    """Count how many brackets are open at once, at most; those in quotes count as well."""
    depth = deepest = 0
    for character in line:
        depth += (character in "[{(") - (character in ")}]" and depth > 0)
        deepest = max(deepest, depth)
    return deepest
