"""The tables of choices by kind, and the settings that the classes in them have.

A class declares its own settings as fields with `setting()`, beside its code. Those of an optimizer, a
penalty or a schedule are in a group: `optimizer.beta1`. Those of a loss or an initializer are at the top
level, with the kind in front: `initializer_std`. A field that names its `key` has that key: `momentum`.
Classes of one table may have settings in common.

[options] The options of each group of settings: the files in conf/ and what the user has registered.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, make_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from sweep.core.setting import Registry, Requires, Setting, declaration, setting
from sweep.data.settings import DATASETS
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.initializers import INITIALIZERS
from sweep.nn.losses import LOSSES
from sweep.nn.optimizers import OPTIMIZERS
from sweep.nn.outputs import OUTPUTS
from sweep.nn.regularizers import REGULARIZERS
from sweep.nn.schedules import SCHEDULES
from sweep.system import files

# These two hold only what the user has registered.
SETTINGS: Registry[Any] = Registry("setting", {})
FIGURES: Registry[Any] = Registry("figure", {})
# GROUPS are the tables of classes whose settings are in a group, CLASSES all tables of classes, and TABLES
# all that can be registered in.
GROUPS: Mapping[str, Registry[Any]] = {
    "optimizer": OPTIMIZERS,
    "regularization": REGULARIZERS,
    "schedule": SCHEDULES,
}
CLASSES: Mapping[str, Registry[Any]] = {"loss": LOSSES, "initializer": INITIALIZERS, **GROUPS}
TABLES: Mapping[str, Registry[Any]] = {
    "activation": ACTIVATIONS,
    "output": OUTPUTS,
    **CLASSES,
    "data": DATASETS,
    "figure": FIGURES,
    "setting": SETTINGS,
}
# For each group: the name of its dataclass, the default choice, and what --help says of the choice.
_TITLES = {
    "optimizer": ("OptimizerConfig", "sgd", "the optimizer"),
    "regularization": ("RegularizationConfig", "none", "the penalty C in J = E + strength * C(weights)"),
    "schedule": ("ScheduleConfig", "constant", "the learning rate of an epoch, as a factor on learning_rate"),
}


@dataclass(frozen=True)
class Choice:
    """The base of a group: the `name` of a table's entry. Subclasses add the settings of all entries."""

    name: str = ""


@dataclass(frozen=True)
class Own:
    """A setting that classes of a table have: its dotted key, its type, its default and its rule."""

    key: str
    kind: Any
    default: Any
    rule: Setting

    @property
    def field(self) -> tuple[str, Any, Any]:
        """Name, type and field, as `make_dataclass` expects them; the name is the last part of the key."""
        return self.key.rpartition(".")[2], self.kind, declaration(self.default, self.rule)


def key_of(kind: str, field: "Field[Any]") -> str:
    """The dotted key on the command line for a field of a class in the table of this kind."""
    own: str | None = field.metadata["setting"].key
    return own or f"{kind}{'.' if kind in GROUPS else '_'}{field.name}"


def default_of(field: "Field[Any]") -> Any:
    """The default of a field."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def settings_of(kind: str, name: str) -> Iterator[Own]:
    """The settings of one choice, as its class declares them."""
    entry = CLASSES[kind][name]
    kinds = get_type_hints(entry)
    for field in fields(entry):
        yield Own(key_of(kind, field), kinds[field.name], default_of(field), field.metadata["setting"])


def own_settings(kind: str, names: Collection[str]) -> dict[str, Own]:
    """The settings of all these choices by key; each needs one of the choices that have it.

    Settings that all choices have come last. The default and the meaning are those of the first choice that
    has the setting.
    """
    owners: dict[str, dict[str, Own]] = {}
    for name in names:
        for own in settings_of(kind, name):
            owners.setdefault(own.key, {})[name] = own
    shared = {key: _shared(kind, found, len(names)) for key, found in owners.items()}
    return dict(sorted(shared.items(), key=lambda item: len(owners[item[0]]) == len(names)))


def _shared(kind: str, found: Mapping[str, Own], count: int) -> Own:
    """One setting for all the choices that have it, with the widest of their bounds.

    `found` are the declarations by choice, `count` is the number of all choices. The bounds of the choice
    that is made are checked besides (see `validation`).
    """
    first = next(iter(found.values()))
    need = Requires(f"{kind}.name" if kind in GROUPS else kind, tuple(found))
    needs = first.rule.needs if len(found) == count else (*first.rule.needs, need)
    bounds = _widest([own.rule for own in found.values()])
    return replace(first, rule=replace(first.rule, needs=needs, **bounds))


def _widest(rules: Sequence[Setting]) -> dict[str, Any]:
    """The bounds that allow whatever one of the rules allows."""
    lowest = [_bound((rule.at_least, False), (rule.above, True)) for rule in rules]
    highest = [_bound((rule.at_most, True), (rule.below, False)) for rule in rules]
    bounds: dict[str, Any] = dict.fromkeys(("at_least", "above", "at_most", "below"))
    if None not in lowest:
        value, exclusive = min(filter(None, lowest))
        bounds["above" if exclusive else "at_least"] = value
    if None not in highest:
        value, inclusive = max(filter(None, highest))
        bounds["at_most" if inclusive else "below"] = value
    return bounds


def _bound(*bounds: tuple[float | None, bool]) -> tuple[float, bool] | None:
    """The one of these bounds that is given, with its kind; None if none is."""
    return next(((value, kind) for value, kind in bounds if value is not None), None)


def own_field(kind: str, key: str) -> Any:
    """The dataclass field at this top-level key for the package's own classes of a kind."""
    return own_settings(kind, CLASSES[kind].own)[key].field[2]


def choice_class(kind: str, names: Collection[str]) -> type[Choice]:
    """The group of settings for a kind: the name of the choice, and the settings of all these choices."""
    title, default, help = _TITLES[kind]
    inner = [own.field for own in own_settings(kind, names).values() if own.key.startswith(f"{kind}.")]
    name = ("name", str, setting(default, help, CLASSES[kind]))
    # The package's own classes are attributes of that module, where pickle looks for them.
    module = {"__module__": "sweep.config.schema"}
    return make_dataclass(title, [name, *inner], bases=(Choice,), frozen=True, namespace=module)


def groups() -> list[str]:
    """The names of the groups, of each of which one option is chosen."""
    return sorted(folder.name for folder in files.package_folder("conf").iterdir() if folder.is_dir())


def options(group: str) -> list[str]:
    """The names of a group's options."""
    stems = [file.stem for file in files.package_folder("conf").glob(f"{group}/*.yaml")]
    return sorted({*stems, *_outside(group)})


def stated(group: str, name: str) -> Mapping[str, Any]:
    """The settings that one option of a group gives values to, by their names within the group."""
    return _of_entry(group, name) if name in _outside(group) else _of_file(group, name)


def show_to_hydra(schema: DictConfig) -> None:
    """Make the schema known to Hydra, and the options that have no file.

    Hydra has one store for all applications of a process, so no other may use the schema's name.
    """
    store = ConfigStore.instance()
    store.store(name="sweep_schema", node=schema)
    for group in groups():
        for name in _outside(group):
            store.store(group=group, name=name, node=dict(_of_entry(group, name)), provider="sweep")


def _outside(group: str) -> Mapping[str, str]:
    return TABLES[group].outside if group in TABLES else {}


def _of_entry(group: str, name: str) -> Mapping[str, Any]:
    """The settings of an option that the user has registered, a class or a data set, with their defaults."""
    if group in GROUPS:
        own = {setting.key: setting.default for setting in settings_of(group, name)}
        inner = {key.removeprefix(f"{group}."): value for key, value in own.items() if "." in key}
    else:
        entry = DATASETS[name]
        assert entry is not None
        inner = {item.name: getattr(entry, item.name) for item in fields(entry) if item.name != "load"}
    return {"name": name, **inner}


@cache
def _of_file(group: str, name: str) -> Mapping[str, Any]:
    found: Any = OmegaConf.to_container(OmegaConf.load(files.package_folder("conf") / group / f"{name}.yaml"))
    for base in found.pop("defaults", []):
        found = {**_of_file(group, base), **found}
    return MappingProxyType(found)
