"""Every setting of a sweep: its type, its default, what is allowed, and what it means.

The dataclasses are Hydra's schema, and the rest of the package reads settings from objects of them. conf/
repeats the defaults, with comments; a test checks that both are equal. `schema()` adds the settings of the
user's entries; without any it is `Config` itself. Checks, tables and help go through `fields()`, the list of
all settings by dotted key.
"""

import copyreg
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, make_dataclass, replace
from functools import lru_cache, wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from sweep.config import extensions
from sweep.config.tables import (
    CLASSES,
    GROUPS,
    SETTINGS,
    TABLES,
    Choice,
    choice_class,
    choice_field,
    default_of,
    settings_of_choices,
)
from sweep.core.setting import Requires, Setting, declaration, group, setting
from sweep.data.settings import DataConfig
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.initializers import INITIALIZERS
from sweep.nn.losses import LOSSES
from sweep.nn.outputs import OUTPUTS

if TYPE_CHECKING:
    OptimizerConfig = Choice
    RegularizationConfig = Choice
    ScheduleConfig = Choice
else:
    OptimizerConfig = choice_class("optimizer", GROUPS["optimizer"].builtin)
    RegularizationConfig = choice_class("regularization", GROUPS["regularization"].builtin)
    ScheduleConfig = choice_class("schedule", GROUPS["schedule"].builtin)


METRICS = tuple(
    f"{part}_{metric}" for metric in ("accuracy", "loss") for part in ("test", "validation", "train")
)
SORTS = (*METRICS, "seconds")
_LAYERS = Requires("depth", other_than=(0,))
_STOPPING = Requires("early_stopping.patience", other_than=(None,))


@dataclass(frozen=True)
class EarlyStoppingConfig:
    """The rule that stops training when the validation part no longer improves."""

    patience: int | None = setting(
        None, "evaluations without improvement before stopping; null: never stop", at_least=1
    )
    monitor: str = setting(
        "validation_loss",
        "the measure that must improve",
        ("validation_loss", "validation_accuracy"),
        needs=(_STOPPING,),
    )
    keep_best: bool = setting(True, "report the best weights seen, not the last", needs=(_STOPPING,))


@dataclass(frozen=True)
class EvaluationConfig:
    """The times at which curves are measured, and the parts that they are measured on."""

    every: int | None = setting(None, "iterations between evaluations; null: each epoch", at_least=1)
    at_start: bool = setting(False, "evaluate before the first step, too")
    parts: list[str] = setting(
        ["train", "validation", "test"], "parts to evaluate", ("train", "validation", "test")
    )
    by_class: bool = setting(False, "the error of each class at every evaluation, too")


@dataclass(frozen=True)
class ParallelConfig:
    """The use of the machine. Of these settings only `kernels` changes the last digits of a result."""

    n_jobs: int = setting(
        -1,
        "worker processes; -1: one per available core",
        words="a whole number, at least 1, or -1 for all cores",
        run=True,
    )
    backend: str = setting("loky", "joblib backend", ("loky", "threading"), run=True)
    kernels: str = setting(
        "auto",
        "engine: numpy; numba (needs `pip install 'sweep[fast]'`); auto picks the faster",
        ("auto", "numpy", "numba"),
    )
    block_size: int | None = setting(
        None, "most seeds trained together; null: chosen from the arithmetic", at_least=1
    )
    retries: int = setting(
        1, "how often to retry a trial, alone, after its worker process died", at_least=0, run=True
    )


@dataclass(frozen=True)
class CompareConfig:
    """The criteria for differences between cells. No trial depends on them."""

    baseline: Any = setting(
        None,
        "the cell that others are compared with: its settings, '{hidden:16}', or its id; null: the best on"
        " validation",
        words="a cell's id, or the settings of one cell such as {hidden:16}, or null",
        run=True,
    )
    margin: float = setting(
        0.002,
        "differences below it do not matter; in the metric's unit",
        at_least=0,
        run=True,
        needs=(Requires("decide", (None,)),),  # which is then the margin
    )
    level: float = setting(0.95, "level of intervals and verdicts", at_least=0.5, below=1, run=True)
    metric: str = setting("test_accuracy", "the metric that is compared", METRICS, run=True)


@dataclass(frozen=True)
class Config:
    """One cell of a sweep and the seeds to train it with."""

    # A cell's identity has `hidden_units` in place of `hidden` and `depth`.
    hidden: Any = setting(
        128,
        "hidden units",
        words="a whole number, at least 1, or a list of them such as [300,100]",
        identity=False,
        needs=(_LAYERS,),
    )
    depth: int | None = setting(
        None,
        "hidden layers; null: 1, or the list's length; 0: none",
        at_least=0,
        at_most=100,
        identity=False,
    )
    activation: str = setting("relu", "activation of the hidden layers", ACTIVATIONS, needs=(_LAYERS,))
    output: str = setting("softmax", "function of the output layer", OUTPUTS)
    loss: str = setting("cross_entropy", "the loss", LOSSES)
    initializer: str = setting("fan_in_uniform", "initial weights", INITIALIZERS)
    initializer_std: float = choice_field("initializer", "initializer_std")
    bias: bool = setting(True, "biases in all layers")
    momentum: float = choice_field("optimizer", "momentum")
    learning_rate: float = setting(0.1, "step size", above=0)
    batch_size: Any = setting(32, "examples in a mini-batch", words="a whole number, at least 1, or 'all'")
    reduction: str = setting("mean", "reduction of the gradients of a mini-batch", ("mean", "sum"))
    # Silent, because max_iterations is used to shorten an experiment whose file gives epochs.
    epochs: int = setting(
        10,
        "passes over the training part",
        at_least=1,
        needs=(Requires("max_iterations", (None,), silent=True),),
    )
    max_iterations: int | None = setting(None, "steps; when given, it alone decides the length", at_least=1)
    seeds: Any = setting(
        5,
        "number of seeds, or a list of seed indices",
        words="a whole number, at least 1, or a list of different seed indices such as [0,3]",
        identity=False,
        axis=False,
        free=True,
    )
    decide: float | None = setting(
        None,
        "add seeds until each cell differs from the baseline or is equivalent within this margin, in the"
        " metric's unit; null: train the seeds as given",
        above=0,
        run=True,
    )
    budget: int = setting(
        100, "most seeds a cell", at_least=3, run=True, needs=(Requires("decide", other_than=(None,)),)
    )
    vary: list[str] = setting(
        ["init", "order"], "the sources of luck that change from seed to seed", ("init", "order", "split")
    )
    root_seed: int = setting(0, "root of all random streams", at_least=0)
    precision: str = setting("float32", "arithmetic", ("float32", "float64"))
    data: DataConfig = group(DataConfig, "the data set")
    optimizer: OptimizerConfig = group(OptimizerConfig, "the rule that turns gradients into steps")
    regularization: RegularizationConfig = group(RegularizationConfig, "the penalty on the weights")
    schedule: ScheduleConfig = group(ScheduleConfig, "the learning rate of an epoch")
    early_stopping: EarlyStoppingConfig = group(EarlyStoppingConfig, "when training stops before its end")
    evaluation: EvaluationConfig = group(EvaluationConfig, "when the curves are measured, and on what")
    parallel: ParallelConfig = group(
        ParallelConfig, "how trials are spread over the machine", identity=False, axis=False
    )
    compare: CompareConfig = group(
        CompareConfig, "how differences between cells are judged", identity=False, axis=False
    )
    results: str = setting("results", "folder of the records", run=True)
    name: str | None = setting(None, "a name for the sweep, stored in its records", run=True)
    weights: bool = setting(False, "store the weights of large networks, too", run=True)
    sort: str | None = setting(
        None,
        "order of the table's rows, best first; null: as the cells were given",
        SORTS,
        run=True,
    )
    figures: Any = setting(
        True,
        "draw figures after the sweep: true draws a dozen at most, all every one",
        words="true, false or all",
        run=True,
    )
    figure_formats: list[str] = setting(["png"], "formats of their files", ("png", "svg", "pdf"), run=True)
    dry_run: bool = setting(False, "show the plan without training", run=True)
    grid: Any = setting(
        None, "the cells of an experiment: product, zip, union", identity=False, axis=False, free=True
    )
    # Filled in with the experiment that Hydra composed; records keep it.
    experiment: str | None = setting(
        None, "a file in sweeps/experiment/", identity=False, axis=False, free=True
    )

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """Return the units of each hidden layer; nothing at depth 0."""
        if isinstance(self.hidden, int):
            return (self.hidden,) * (1 if self.depth is None else self.depth)
        return tuple(self.hidden) if self.depth != 0 else ()

    @property
    def seed_indices(self) -> tuple[int, ...]:
        """Return the seed indices to train."""
        if isinstance(self.seeds, int):
            return tuple(range(self.seeds))
        return tuple(self.seeds)

    @property
    def output_units(self) -> int:
        """Return the units of the output layer."""
        return self.data.classes if self.data.targets == "one_hot" else 1


_Field = tuple[str, Any, Any]  # name, type and field, as `make_dataclass` expects them
_Result = TypeVar("_Result")


def cached_until_registration(function: Callable[[], _Result]) -> Callable[[], _Result]:
    """Cache the result of a function of the tables until a new entry is registered.

    Each call first imports the user's modules. Raises SettingError for one that cannot be imported.
    """

    @lru_cache(maxsize=8)
    def cached(versions: tuple[int, ...]) -> _Result:
        return function()

    @wraps(function)
    def current() -> _Result:
        extensions.load()
        return cached(tuple(table.version for table in TABLES.values()))

    return current


@cached_until_registration
def schema() -> type[Config]:
    """Return the class of every configuration that is composed."""
    top_level = [
        setting.field
        for kind, table in CLASSES.items()
        for setting in settings_of_choices(kind, table).values()
        if "." not in setting.key
    ]
    packaged = {item.name for item in dataclasses.fields(Config)}
    registered = any(table.registered for table in TABLES.values())
    if not registered and packaged.issuperset(name for name, *_ in top_level):
        return Config
    groups = [_group_field(kind) for kind in GROUPS]
    settings = [_setting_field(name) for name in SETTINGS]
    extended = make_dataclass("Config", [*top_level, *groups, *settings], bases=(Config,), frozen=True)
    # pickle finds classes by name, and has none for a class that is made at run time.
    copyreg.pickle(extended, _reduced)
    return extended


@cached_until_registration
def default_config() -> Config:
    """Return the configuration in which every setting has its default."""
    return schema()()


def _group_field(kind: str) -> _Field:
    choice = choice_class(kind, GROUPS[kind])
    metadata = Config.__dataclass_fields__[kind].metadata
    return kind, choice, dataclasses.field(default_factory=choice, metadata=metadata)


def _setting_field(name: str) -> _Field:
    """Return the field of a setting that the user has registered.

    At its default it is not in a cell's identity, as if it did not exist.
    """
    default, rule = default_of(SETTINGS[name]), SETTINGS[name].metadata["setting"]
    kind = list[str] if isinstance(default, list) else type(default)
    return name, kind, declaration(default, replace(rule, legacy_default=default))


def _reduced(config: Config) -> tuple[Any, ...]:
    """Reduce a configuration for pickle: to its values, and to the modules that another process needs."""
    values = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    # The classes of the groups may be made at run time as well.
    groups = {kind: dict(vars(values.pop(kind))) for kind in GROUPS}
    return _rebuilt, (extensions.registrations(), values, groups)


def _rebuilt(
    registrations: Mapping[extensions.Key, extensions.Registration],
    values: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
) -> Config:
    extensions.load()
    extensions.import_registered(registrations)
    config_class = schema()
    kinds = get_type_hints(config_class)
    return config_class(**values, **{name: kinds[name](**inner) for name, inner in groups.items()})


copyreg.pickle(Config, _reduced)


@dataclass(frozen=True)
class Node:
    """A setting or a group of settings: its dotted key, its type, and its rule.

    A group that is not identity, or not axis, makes all settings in it likewise. `value` gets the setting's
    value from a configuration.
    """

    key: str
    kind: Any
    rule: Setting
    value: Callable[[Config], Any]

    @property
    def is_group(self) -> bool:
        """Return True for a group of settings."""
        return is_dataclass(self.kind)

    @property
    def column(self) -> str:
        """Return its name in tables and on the command line; the choice of a group has the group's name."""
        return self.key.removesuffix(".name")


@cached_until_registration
def nodes() -> Mapping[str, Node]:
    """Return all settings and groups by dotted key, in order, each group before its settings."""
    return {node.key: node for node in _walk(schema(), "", None)}


@cached_until_registration
def fields() -> tuple[Node, ...]:
    """Return all settings in order, without groups."""
    return tuple(node for node in nodes().values() if not node.is_group)


def _walk(owner: Any, prefix: str, group: Setting | None) -> Iterator[Node]:
    kinds = get_type_hints(owner)
    for item in dataclasses.fields(owner):
        rule, kind, key = item.metadata["setting"], kinds[item.name], prefix + item.name
        if group is not None:
            rule = replace(rule, identity=rule.identity and group.identity, axis=rule.axis and group.axis)
        yield Node(key, kind, rule, attrgetter(key))
        if is_dataclass(kind):
            yield from _walk(kind, f"{key}.", rule)
