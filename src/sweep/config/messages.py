"""Hydra's errors in one line: the key, the value, what is allowed, the nearest name.

A name that another library has for one of our settings is answered with ours.
"""

import re
from collections.abc import Sequence

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError
from yaml import YAMLError

from sweep.config.check import refuse, several_values
from sweep.config.schema import nodes
from sweep.config.tables import groups
from sweep.config.tables import options as options_of
from sweep.config.untrusted import parsed
from sweep.core.errors import SettingError, nearest
from sweep.core.formats import typed_value
from sweep.system import files

# Our name, and the names that other libraries have for it.
_NAMES_ELSEWHERE = {
    "learning_rate": "lr rate eta step_size stepsize alpha",
    "batch_size": "batch bs minibatch mini_batch batchsize",
    "hidden": "neurons units width nodes hidden_size hidden_units hidden_sizes hidden_layer_sizes n_hidden",
    "depth": "layers n_layers num_layers hidden_layers",
    "activation": "act nonlinearity activation_function",
    "output": "output_activation head",
    "loss": "objective criterion cost",
    "optimizer": "opt optim solver",
    "epochs": "epoch n_epochs num_epochs nb_epoch",
    "max_iterations": "iterations iters steps max_iter max_steps n_iter",
    "budget": "max_seeds most_seeds",
    "seeds": "seed n_seeds num_seeds random_state runs repetitions repeats trials",
    "data": "dataset data_set",
    "data.train_size": "n_train train_examples",
    "data.test_size": "n_test test_examples",
    "data.validation_size": "val_size n_validation validation_fraction validation_split",
    "data.normalization": "normalize normalise norm scaling scaler",
    "regularization": "reg penalty regularizer",
    "regularization.strength": "lambda reg_lambda",
    "regularization=l1 with regularization.strength": "l1 lasso",
    "regularization=l2 with regularization.strength": "l2 ridge wd weight_decay weight_penalty",
    "optimizer=nesterov with momentum": "nesterov nag",
    "optimizer.decay": "rho",
    "schedule.warmup": "warm_up warmup_epochs",
    "schedule": "scheduler lr_schedule lr_scheduler decay lr_decay learning_rate_decay",
    "initializer": "init weight_init initialization initialisation",
    "early_stopping.patience": "early_stop n_iter_no_change",
    "optimizer.beta1": "beta beta_1 betas",
    "optimizer.beta2": "beta_2",
    "optimizer.epsilon": "eps",
    "parallel.n_jobs": "jobs workers n_workers num_workers cores threads n_threads processes",
    "parallel.kernels": "engine",
    "precision": "dtype float",
    "results": "store records",
    "figures": "plot plots",
}
ALIASES = {alias: ours for ours, aliases in _NAMES_ELSEWHERE.items() for alias in aliases.split()}

# The answer for a feature that this package does not have, and the names of the feature elsewhere.
_ABSENT = {
    "there is no dropout; regularization=l1 or regularization=l2 is what there is": "dropout dropout_rate",
    "there is no normalization between layers; data.normalization scales the inputs": (
        "batch_norm batchnorm layer_norm layernorm"
    ),
    "networks are trained on the processor alone": "gpu device cuda",
    "gradients are not clipped": "clip grad_clip clip_norm gradient_clipping",
    "examples are always shuffled; vary=[order] does so anew for each seed": "shuffle",
    "images are not augmented": "augment augmentation augmentations",
}
_MISSING = {alias: line for line, aliases in _ABSENT.items() for alias in aliases.split()}


def suggestion(key: str, keys: Sequence[str]) -> str:
    """Return the clause after "no such setting": the setting that was meant, or why there is none, or "".

    `keys` are the dotted names of all settings.
    """
    if key in keys:
        return ""
    name = key.rpartition(".")[2].lower().replace("-", "_")
    if name in _MISSING:
        return f"; {_MISSING[name]}"
    inner = [setting for setting in keys if setting.rpartition(".")[2] == name and setting != name]
    if name in ALIASES:
        return f"; did you mean {ALIASES[name]!r}?"
    if len(inner) == 1:
        return f"; did you mean {inner[0]!r}?"
    return nearest(key, keys)


def explain(error: HydraException | OmegaConfBaseException | YAMLError) -> SettingError:
    """Return the same error as one line for the person at the keyboard."""
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
        if key == "experiment" and _file(error):
            return SettingError(_no_package(error))
        if key in nodes():
            return refuse(key, _value(error, cause), _file(error))
    line = _several_values(error) or _unknown_key(error, cause) or _one_line(error)
    return SettingError(line)


def wrong_choice(group: str, value: object, options: Sequence[str] = ()) -> SettingError:
    """Return the error for an option that a group does not have, with those that it has and the nearest."""
    if group == "experiment":
        options = experiments()
    elif not options:
        options = options_of(group)
    if not options:
        return SettingError(f"{group}={typed_value(value)}: there is no {group} to choose from")
    hint = nearest(typed_value(value), options)
    if isinstance(value, list):
        hint = several_values(group, value)
    elif value is None and group == "experiment":
        hint = ", or left out"
    return SettingError(f"{group}={typed_value(value)}: must be one of {', '.join(options)}{hint}")


def unknown_setting(key: str, file: str = "") -> SettingError:
    """Return the error for an unknown setting; `file` says where it stands, as " (in FILE)"."""
    return SettingError(f"{key}: no such setting{file}{suggestion(key, list(nodes()))}")


def wrong_group(arguments: Sequence[str]) -> SettingError | None:
    """Return the error for the first argument that chooses no name for a group; None if all of them do.

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
    merged = re.match(r"Error merging override [^=]+=(.*)", str(error), re.DOTALL)
    named = re.search(r"[Vv]alue '(.*?)' (?:of type|is not)", str(cause), re.DOTALL)
    listed = re.search(r"to string: '(.*)'", str(cause))
    match = merged or named or listed or re.search(r"value: (.*)", str(cause))
    value = match[1] if match else "..."
    return yaml.safe_load(value) if re.fullmatch(r"\[.*\]", value) else value


def _group(cause: ValidationError) -> str:
    """Return the key of the group of settings that was given a list: the error names only its class."""
    match = re.search(r"list is not a subclass of (\w+)", str(cause))
    for node in nodes().values():
        if match and node.is_group and node.kind.__name__ == match[1]:
            return node.key
    return ""


def _no_package(error: Exception) -> str:
    return f"experiment{_file(error)}: the first line of its file must be # @package _global_"


def _file(error: Exception) -> str:
    """Return the experiment file that a mistake is in, as " (in FILE)"; nothing for the command line."""
    match = re.match(r"In '(experiment/[^']+)'", str(error))
    return f" (in {match[1]}.yaml)" if match else ""


def _several_values(error: Exception) -> str | None:
    """Explain values separated by commas without -m; None for another error."""
    match = re.match(r"Ambiguous value for argument '([^=]+)=(.*?)'", str(error))
    if match is None:
        return None
    key, values = match.groups()
    layers = f", and layers of different width brackets: hidden=[{values}]" if key == "hidden" else ""
    return f"{key}={values}: several values need -m{layers}"


def _unknown_key(error: Exception, cause: BaseException | None) -> str | None:
    """Explain a key that does not exist; None for another error."""
    key = _missing_key(error, cause)
    if key is None:
        return None
    if key == "experiment":
        return _no_package(error)
    if key in nodes() and "@" not in str(error):
        return f"~{key}: contradicts another {key}=...; one of them must be left out"
    return None if key in nodes() else str(unknown_setting(key, _file(error)))


def _missing_key(error: Exception, cause: BaseException | None) -> str | None:
    match = re.match(r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'", str(error))
    if match:
        return match[1].partition("@")[0]
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return str(cause.full_key)
    match = re.search(r"Key '([^']+)' (?:is )?not in", str(error))
    return match[1] if match else None


def experiments() -> list[str]:
    """Return the printable names of all experiments, those of the package and those in ./sweeps."""
    names = {
        file.relative_to(folder / "experiment").with_suffix("").as_posix()
        for folder in files.resource_folders("sweeps")
        for file in folder.glob("experiment/**/*.yaml")
    }
    return sorted(filter(str.isprintable, names))
