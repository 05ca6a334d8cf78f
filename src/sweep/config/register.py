"""`sweep.register`: an entry of the user's own in one of the tables."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from sweep.config import extensions
from sweep.config.schema import METRICS, Config
from sweep.config.tables import CLASSES, GROUPS, SETTINGS, TABLES, default_of, key_of, own_settings
from sweep.core.errors import SettingError, nearest
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
_WORDS = ("null", "true", "false", "nan", "inf")  # names that YAML would read as values
_TYPES = (bool, int, float, str, list)  # of a setting's default
# Names that a setting cannot have, because a table of trials or a cell's identity uses them.
RESERVED = {*METRICS, "cell", "seed", "status", "iterations", "epochs_run", "kept_epoch", "parameters"}
RESERVED |= {"train_seconds", "evaluation_seconds", "seconds", "n", "engine", "engine_version", "provenance"}
RESERVED |= {"engine_numerics", "block_seeds", "data_label", "class_names", "began", "weights_sha256"}
RESERVED |= {"test_examples", "test_examples_sha256", "schema", "config", "hidden_units", "numerics"}
RESERVED |= {"extensions", "hydra"}


def register(kind: str, name: str, entry: Any, module: str) -> None:
    """Put an entry into the table of its kind; `module` is the name of the module that calls for it.

    See `sweep.register`. Raises SettingError for an entry or a name that cannot be registered.
    """
    if kind not in TABLES:
        raise SettingError(f"{kind}: must be one of {', '.join(TABLES)}{nearest(kind, TABLES)}")
    wrong = _wrong(kind, name, entry)
    if wrong is not None:
        raise SettingError(f"{kind}={name}: {wrong}")
    extensions.note(kind, name, entry, module)
    TABLES[kind].register(name, entry, module)


def _wrong(kind: str, name: str, entry: Any) -> str | None:
    """What is wrong with an entry or its name; None if nothing is."""
    if name in TABLES[kind].own:
        return "is one of sweep's own; must be another name"
    if not name.isidentifier() or name.lower() in _WORDS:
        return "must be a word of letters, digits and underscores"
    if kind in BASES:
        return _wrong_class(kind, entry)
    if kind == "figure":
        if re.match(r"(accuracy_by|curves|heatmap|answer$|differences$|effects$|digits$)", name):
            return "is one of sweep's own; must be another name"
        return None if callable(entry) else "must be a function of a table of trials and a figure"
    if kind == "setting":
        return _wrong_setting(name, entry)
    if not isinstance(entry, OBJECTS[kind]):
        return f"must be {OBJECTS[kind].__name__}(...), not {type(entry).__name__}"
    return None


def _wrong_class(kind: str, entry: Any) -> str | None:
    base = BASES[kind]
    if not (inspect.isclass(entry) and issubclass(entry, base)):
        return f"must be a subclass of {base.__module__}.{base.__name__}"
    lacking: frozenset[str] = getattr(entry, "__abstractmethods__", frozenset())
    if lacking:
        return f"lacks {', '.join(sorted(lacking))}"
    if not is_dataclass(entry):
        return "must be a frozen dataclass, @dataclass(frozen=True)"
    for field in fields(entry):
        if "setting" not in field.metadata:
            return f"its field {field.name} must be declared with setting(default, meaning)"
        key = key_of(kind, field)
        if key in _taken(besides=kind):
            return f"its setting {key} is another setting's name"
    return None


def _wrong_setting(name: str, entry: Any) -> str | None:
    if (
        not isinstance(entry, Field)
        or "setting" not in entry.metadata
        or entry.default is entry.default_factory is MISSING
    ):
        return "must be declared with setting(default, meaning)"
    if type(default_of(entry)) not in _TYPES:
        return "its default must be a number, a text, true or false, or a list of names"
    return "is another setting's name" if name in _taken() else None


def _taken(besides: str | None = None) -> Iterator[str]:
    """The top-level names that are in use; choices of the kind `besides` may share theirs."""
    own = set(own_settings(besides, CLASSES[besides])) if besides else set()
    yield from RESERVED
    for kind in CLASSES:
        if kind != besides:
            yield from (key for key in own_settings(kind, CLASSES[kind]) if "." not in key)
    yield from SETTINGS if besides else ()
    yield from (field.name for field in fields(Config) if field.name not in own or field.name in GROUPS)
