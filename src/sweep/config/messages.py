"""Hydra's errors in one line: the key, the value, what is allowed, the nearest name."""

import re
from collections.abc import Sequence

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError
from yaml import YAMLError

from sweep import resources
from sweep.config.aliases import suggestion
from sweep.config.leaves import nodes
from sweep.config.options import groups
from sweep.config.options import options as options_of
from sweep.config.overrides import parsed
from sweep.config.wording import refuse, several_values, show
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
    # For an error in a file, Hydra sets the cause only as the exception's context.
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__ or error.__context__
    if isinstance(cause, ValidationError):
        key = re.sub(r"\[\d+\]$", "", str(cause.full_key)) or _group(cause)
        if key == "experiment" and _place(error):
            return SettingError(_no_package(error))
        if key in nodes():
            return refuse(key, _value(error, cause), _place(error))
    line = _several_values(error) or _unknown_key(error, cause) or _one_line(error)
    return SettingError(line)


def wrong_choice(group: str, value: object, options: Sequence[str] = ()) -> SettingError:
    """The error for a group's option that does not exist, with those that do and the nearest."""
    if group == "experiment":
        options = experiments()
    elif not options:
        options = options_of(group)
    if not options:
        return SettingError(f"{group}={show(value)}: there is no {group} to choose from")
    hint = nearest(show(value), options)
    if isinstance(value, list):
        hint = several_values(group, value)
    elif value is None and group == "experiment":
        hint = ", or left out"
    return SettingError(f"{group}={show(value)}: must be one of {', '.join(options)}{hint}")


def unknown_setting(key: str, place: str = "") -> SettingError:
    """The error for a name that is no setting's; `place` says where it stands, as ' (in FILE)'."""
    return SettingError(f"{key}: no such setting{place}{suggestion(key, list(nodes()))}")


def wrong_group(arguments: Sequence[str]) -> SettingError | None:
    """The error for the first argument that chooses no name for a group; None if all of them do.

    Hydra's own error does not say which argument it was.
    """
    overrides = [argument for argument in arguments if not argument.startswith("-") and "=" in argument]
    for override in parsed(overrides):
        key, value = override.key_or_group, override.value()
        if key in (*groups(), "experiment") and not isinstance(value, str | list):
            return wrong_choice(key, value)
    return None


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _value(error: Exception, cause: ValidationError) -> object:
    if "is not Optional" in str(cause) or "is not optional" in str(cause):
        return None
    given = re.match(r"Error merging override [^=]+=(.*)", str(error), re.DOTALL)
    named = re.search(r"[Vv]alue '(.*?)' (?:of type|is not)", str(cause), re.DOTALL)
    listed = re.search(r"to string: '(.*)'", str(cause))
    match = given or named or listed or re.search(r"value: (.*)", str(cause))
    value = match[1] if match else "..."
    return yaml.safe_load(value) if re.fullmatch(r"\[.*\]", value) else value


def _group(cause: ValidationError) -> str:
    """The key of the group of settings that was given a list: the error names only its class."""
    match = re.search(r"list is not a subclass of (\w+)", str(cause))
    for node in nodes().values():
        if match and node.group and node.kind.__name__ == match[1]:
            return node.key
    return ""


def _no_package(error: Exception) -> str:
    return f"experiment{_place(error)}: the first line of its file must be # @package _global_"


def _place(error: Exception) -> str:
    """The file of an experiment that a mistake is in, as ' (in FILE)'; empty for the command line."""
    file = re.match(r"In '(experiment/[^']+)'", str(error))
    return f" (in {file[1]}.yaml)" if file else ""


def _several_values(error: Exception) -> str | None:
    """What to say if values are separated by commas and -m is missing; None for another error."""
    match = re.match(r"Ambiguous value for argument '([^=]+)=(.*?)'", str(error))
    if match is None:
        return None
    key, values = match.groups()
    layers = f", and layers of different width brackets: hidden=[{values}]" if key == "hidden" else ""
    return f"{key}={values}: several values need -m{layers}"


def _unknown_key(error: Exception, cause: BaseException | None) -> str | None:
    """What to say if a key does not exist; None for another error."""
    key = _missing_key(error, cause)
    if key is None:
        return None
    place = _place(error)
    if key == "experiment":
        return _no_package(error)
    if key in nodes() and "@" not in str(error):
        return f"~{key}: contradicts another {key}=...; one of them must be left out"
    return None if key in nodes() else str(unknown_setting(key, place))


def _missing_key(error: Exception, cause: BaseException | None) -> str | None:
    match = re.match(r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'", str(error))
    if match:
        return match[1].partition("@")[0]
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return str(cause.full_key)
    match = re.search(r"Key '([^']+)' (?:is )?not in", str(error))
    return match[1] if match else None


def experiments() -> list[str]:
    """The names of all experiments, those of the package and those in ./sweeps, that print."""
    found = {
        file.relative_to(folder / "experiment").with_suffix("").as_posix()
        for folder in resources.folders("sweeps")
        for file in folder.glob("experiment/**/*.yaml")
    }
    return sorted(filter(str.isprintable, found))
