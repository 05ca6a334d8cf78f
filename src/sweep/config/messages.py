"""Hydra's errors in one line: the key, the value, what is allowed, the nearest name."""

import re
from collections.abc import Sequence
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError
from yaml import YAMLError

from sweep import resources
from sweep.config.validation import all_keys, refuse
from sweep.errors import SettingError, nearest


def explain(error: HydraException | OmegaConfBaseException | YAMLError) -> SettingError:
    """The same error as one line for the person at the keyboard."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        if error.missing_cfg_file.startswith("experiment/"):
            group, name = "experiment", error.missing_cfg_file.removeprefix("experiment/")
        return wrong_choice(group, name, error.options or [])
    if isinstance(error, OverrideParseException):
        reason = str(error).splitlines()[0]
        return SettingError(f"{_one_line(error.override)}: not understood ({reason}); must be key=value")
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, ValidationError):
        key = re.sub(r"\[\d+\]$", "", str(cause.full_key))
        if key in all_keys():
            return refuse(key, _value(error, cause))
    line = _several_values(error) or _unknown_key(error, cause) or _one_line(error)
    return SettingError(line)


def wrong_choice(group: str, value: object, options: Sequence[str] = ()) -> SettingError:
    """The error for a group's option that does not exist, with those that do and the nearest."""
    if group == "experiment":
        options = experiments()
    elif not options:
        options = sorted(file.stem for file in resources.folder("conf").glob(f"{group}/*.yaml"))
    name = "null" if value is None else str(value)
    if not options:
        return SettingError(f"{group}={name}: there is no {group} to choose from")
    return SettingError(f"{group}={name}: must be one of {', '.join(options)}{nearest(name, options)}")


def wrong_group(arguments: Sequence[str]) -> SettingError | None:
    """The first argument that gives a group no name (Hydra's own error does not say which it was)."""
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key != "experiment" and resources.folder("conf").joinpath(key).is_dir() and key:
            for name in value.split(","):
                if not (resources.folder("conf") / key / f"{name}.yaml").is_file():
                    return wrong_choice(key, name)
    return None


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _value(error: Exception, cause: ValidationError) -> object:
    if "is not Optional" in str(cause) or "is not optional" in str(cause):
        return None
    given = re.match(r"Error merging override [^=]+=(.*)", str(error), re.DOTALL)
    named = re.search(r"[Vv]alue '(.*?)' (?:of type|is not)", str(cause), re.DOTALL)
    match = given or named or re.search(r"value: (.*)", str(cause))
    return match[1] if match else "..."


def _several_values(error: Exception) -> str | None:
    """What to say where values are separated by commas and -m is missing."""
    match = re.match(r"Ambiguous value for argument '([^=]+)=(.*?)'", str(error))
    if match is None:
        return None
    key, values = match.groups()
    layers = f", and layers of different width brackets: hidden=[{values}]" if key == "hidden" else ""
    return f"{key}={values}: several values need -m{layers}"


def _unknown_key(error: Exception, cause: BaseException | None) -> str | None:
    """What to say of a key that does not exist."""
    key = _missing_key(error, cause)
    if key is None:
        return None
    file = re.match(r"In '(experiment/[^']+)'", str(error))
    place = f" (in {file[1]}.yaml)" if file else ""
    if key == "experiment":
        return f"experiment{place}: the first line of its file must be # @package _global_"
    return f"{key}: no such setting{place}{nearest(key, all_keys())}"


def _missing_key(error: Exception, cause: BaseException | None) -> str | None:
    match = re.match(r"Could not (?:override|append to config)[^']*'([^']+)'", str(error))
    if match:
        return match[1].partition("@")[0]
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return str(cause.full_key)
    match = re.search(r"Key '([^']+)' (?:is )?not in", str(error))
    return match[1] if match else None


def experiments() -> list[str]:
    """The names of all experiments that can be found: the package's and those in ./sweeps."""
    folders = {resources.folder("sweeps"), Path.cwd() / "sweeps"}
    return sorted(
        {
            file.relative_to(folder / "experiment").with_suffix("").as_posix()
            for folder in folders
            for file in folder.glob("experiment/**/*.yaml")
        }
    )
