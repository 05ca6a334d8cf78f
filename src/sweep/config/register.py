"""`sweep.register`: entries of the user's own in the tables."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from sweep.config import extensions
from sweep.config.schema import METRICS, Config
from sweep.config.tables import CLASSES, GROUPS, SETTINGS, TABLES, default_of, key_of, settings_of_choices
from sweep.core.errors import SettingError, nearest
from sweep.core.formats import VALUE_WORDS
from sweep.data.settings import DataSet
from sweep.nn.activations import Activation
from sweep.nn.initializers import Initializer
from sweep.nn.losses import Loss
from sweep.nn.optimizers import Optimizer
from sweep.nn.outputs import Output
from sweep.nn.regularizers import Regularizer
from sweep.nn.schedules import Schedule

BASES: dict[str, type] = {
    "optimizer": Optimizer,
    "regularization": Regularizer,
    "schedule": Schedule,
    "loss": Loss,
    "initializer": Initializer,
}
OBJECTS: dict[str, type] = {"activation": Activation, "output": Output, "data": DataSet}
_TYPES = (bool, int, float, str, list)  # of a setting's default
# Names that a setting cannot have, because a table of trials or a cell's identity uses them.
RESERVED = {*METRICS, "cell", "seed", "status", "iterations", "epochs_run", "kept_epoch", "parameters"}
RESERVED |= {"train_seconds", "evaluation_seconds", "seconds", "n", "engine", "engine_version", "provenance"}
RESERVED |= {"engine_numerics", "block_seeds", "data_label", "class_names", "began", "weights_sha256"}
RESERVED |= {"test_examples", "test_examples_sha256", "schema", "config", "hidden_units", "numerics"}
RESERVED |= {"extensions", "hydra"}


def register(kind: str, name: str, entry: Any, *, module: str) -> None:
    """Add an entry to the table of its kind; `module` is the name of the module that registers it.

    See `sweep.register`. Raises SettingError for an entry or a name that cannot be registered.
    """
    if kind not in TABLES:
        raise SettingError(f"{kind}: must be one of {', '.join(TABLES)}{nearest(kind, TABLES)}")
    problem = _problem(kind, name, entry)
    if problem is not None:
        raise SettingError(f"{kind}={name}: {problem}")
    extensions.note(kind, name, entry, module=module)
    TABLES[kind].register(name, entry, module)


def _problem(kind: str, name: str, entry: Any) -> str | None:
    """Say what is wrong with an entry or its name; None if nothing is."""
    if name in TABLES[kind].builtin:
        return "is one of sweep's own; must be another name"
    if not name.isidentifier() or name.lower() in VALUE_WORDS:  # which YAML reads as values
        return "must be a word of letters, digits and underscores"
    if kind in BASES:
        return _class_problem(kind, entry)
    if kind == "figure":
        if re.match(r"(accuracy_by|curves|heatmap|answer$|differences$|effects$|digits$)", name):
            return "is one of sweep's own; must be another name"
        return None if callable(entry) else "must be a function of a table of trials and a figure"
    if kind == "setting":
        return _setting_problem(name, entry)
    if not isinstance(entry, OBJECTS[kind]):
        return f"must be {OBJECTS[kind].__name__}(...), not {type(entry).__name__}"
    return None


def _class_problem(kind: str, entry: Any) -> str | None:
    base = BASES[kind]
    if not (inspect.isclass(entry) and issubclass(entry, base)):
        return f"must be a subclass of {base.__module__}.{base.__name__}"
    missing: frozenset[str] = getattr(entry, "__abstractmethods__", frozenset())
    if missing:
        return f"lacks {', '.join(sorted(missing))}"
    if not is_dataclass(entry):
        return "must be a frozen dataclass, @dataclass(frozen=True)"
    for field in fields(entry):
        if "setting" not in field.metadata:
            return f"its field {field.name} must be declared with setting(default, meaning)"
        key = key_of(kind, field)
        if key in _taken(except_kind=kind):
            return f"its setting {key} is another setting's name"
    return None


def _setting_problem(name: str, entry: Any) -> str | None:
    if (
        not isinstance(entry, Field)
        or "setting" not in entry.metadata
        or entry.default is entry.default_factory is MISSING
    ):
        return "must be declared with setting(default, meaning)"
    if type(default_of(entry)) not in _TYPES:
        return "its default must be a number, a text, true or false, or a list of names"
    return "is another setting's name" if name in _taken() else None


def _taken(except_kind: str | None = None) -> Iterator[str]:
    """Yield the top-level names that are in use; choices of the kind `except_kind` may share theirs."""
    shared = set(settings_of_choices(except_kind, CLASSES[except_kind])) if except_kind else set()
    yield from RESERVED
    for kind in CLASSES:
        if kind != except_kind:
            yield from (key for key in settings_of_choices(kind, CLASSES[kind]) if "." not in key)
    yield from SETTINGS if except_kind else ()
    yield from (field.name for field in fields(Config) if field.name not in shared or field.name in GROUPS)
