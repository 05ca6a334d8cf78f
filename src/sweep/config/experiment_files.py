"""Experiments in a folder `sweeps` are data, whoever wrote them: settings and `grid`.

Hydra would do more with such a file before any of our code sees the configuration: import and call what a
`_target_` below `hydra` names, and write logs where it says. So each file is checked when it is read.
"""

import re
from pathlib import Path
from typing import Any

from yaml import YAMLError

from sweep import regular_files
from sweep.config import plain_yaml
from sweep.config.options import groups
from sweep.errors import SettingError, one_line

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
        text = regular_files.read(folder / path).decode("utf-8")
        content = plain_yaml.load(text)
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
    for key, text in plain_yaml.texts(content):
        if plain_yaml.calls_resolver(text):
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
