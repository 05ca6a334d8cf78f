"""Hydra's errors in one line: the key, the value, what is allowed, the nearest name."""

import re
from collections.abc import Sequence
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from sweep import resources
from sweep.config.validation import all_keys, refuse
from sweep.errors import SettingError, nearest


def explain(error: HydraException | OmegaConfBaseException) -> SettingError:
    """The same error as one line for the person at the keyboard."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_choice(error.missing_cfg_file, error.options or [])
    if isinstance(error, OverrideParseException):
        reason = str(error).splitlines()[0]
        return SettingError(f"{error.override}: not understood ({reason}); must be key=value")
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, ValidationError) and cause.full_key in all_keys():
        return refuse(str(cause.full_key), _value(error, cause))
    unknown = _unknown_key(error, cause)
    if unknown:
        return SettingError(f"{unknown}: no such setting{nearest(unknown, all_keys())}")
    return SettingError(" ".join(str(error).split()))


def _value(error: Exception, cause: ValidationError) -> str:
    given = re.match(r"Error merging override [^=]+=(.*)", str(error), re.DOTALL)
    named = re.match(r"Value '(.*?)' of type", str(cause), re.DOTALL)
    match = given or named
    return match[1] if match else "..."


def _unknown_key(error: Exception, cause: BaseException | None) -> str | None:
    match = re.match(r"Could not override '([^']+)'", str(error))
    if match:
        return match[1].partition("@")[0]
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return str(cause.full_key)
    return None


def _missing_choice(file: str, options: Sequence[str]) -> SettingError:
    group, _, name = file.rpartition("/")
    if file.startswith("experiment/"):
        group, name = "experiment", file.removeprefix("experiment/")
        options = experiments()
    if not options:
        return SettingError(f"{group}={name}: there is no {group} to choose from")
    return SettingError(f"{group}={name}: must be one of {', '.join(options)}{nearest(name, options)}")


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
