"""The tables of choices by kind, the settings of the classes in them, and the options of each group.

A class declares its settings as fields with `setting()`, beside its code. Those of an optimizer, a penalty or
a schedule are in a group: `optimizer.beta1`. Those of a loss or an initializer are at the top level, with the
kind in front: `initializer_std`. A field that names its `key` has that key: `momentum`. Classes of one table
may have settings in common. The options of a group are the files in its folder of conf/ and the user's
entries.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, make_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from sweep.core.rules import Bound, widest
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

# Empty until the user registers an entry.
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
# For each group: the name of its dataclass, the default choice, and the meaning of the choice in --help.
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
class ChoiceSetting:
    """A setting that classes of a table have: its dotted key, its type, its default and its rule."""

    key: str
    kind: Any
    default: Any
    rule: Setting

    @property
    def field(self) -> tuple[str, Any, Any]:
        """Return name, type and field for `make_dataclass`; the name is the last part of the key."""
        return self.key.rpartition(".")[2], self.kind, declaration(self.default, self.rule)


def choice_class(kind: str, names: Collection[str]) -> type[Choice]:
    """Make the dataclass of a group: the name of the choice, and the settings of all these choices."""
    title, default, help = _TITLES[kind]
    settings = settings_of_choices(kind, names).values()
    inner = [declared.field for declared in settings if declared.key.startswith(f"{kind}.")]
    name = ("name", str, setting(default, help, CLASSES[kind]))
    # The package's own classes are attributes of that module, where pickle looks for them.
    module = {"__module__": "sweep.config.schema"}
    return make_dataclass(title, [name, *inner], bases=(Choice,), frozen=True, namespace=module)


def choice_field(kind: str, key: str) -> Any:
    """Return the dataclass field at this top-level key for the package's own classes of a kind."""
    return settings_of_choices(kind, CLASSES[kind].builtin)[key].field[2]


def settings_of_choices(kind: str, names: Collection[str]) -> dict[str, ChoiceSetting]:
    """Return the settings of all these choices by key; each needs one of the choices that have it.

    Settings that all choices have come last. The default and the meaning are those of the first choice that
    has the setting.
    """
    owners: dict[str, dict[str, ChoiceSetting]] = {}
    for name in names:
        for declared in settings_of_choice(kind, name):
            owners.setdefault(declared.key, {})[name] = declared
    shared = {key: _shared(kind, by_choice, len(names)) for key, by_choice in owners.items()}
    return dict(sorted(shared.items(), key=lambda item: len(owners[item[0]]) == len(names)))


def _shared(kind: str, by_choice: Mapping[str, ChoiceSetting], count: int) -> ChoiceSetting:
    """Merge the declarations of one setting by several of `count` choices, with the widest of their bounds.

    `check` also checks the bounds of the choice that a configuration makes.
    """
    first = next(iter(by_choice.values()))
    need = Requires(f"{kind}.name" if kind in GROUPS else kind, tuple(by_choice))
    needs = first.rule.needs if len(by_choice) == count else (*first.rule.needs, need)
    others = tuple(rule for rule in first.rule.rules if not isinstance(rule, Bound))
    rules = (*widest([declared.rule.rules for declared in by_choice.values()]), *others)
    return replace(first, rule=replace(first.rule, needs=needs, rules=rules))


def settings_of_choice(kind: str, name: str) -> Iterator[ChoiceSetting]:
    """Yield the settings of one choice, as its class declares them."""
    entry = CLASSES[kind][name]
    kinds = get_type_hints(entry)
    for field in fields(entry):
        key, rule = key_of(kind, field), field.metadata["setting"]
        yield ChoiceSetting(key, kinds[field.name], default_of(field), rule)


def key_of(kind: str, field: "Field[Any]") -> str:
    """Return the dotted key on the command line for a field of a class in the table of this kind."""
    key: str | None = field.metadata["setting"].key
    return key or f"{kind}{'.' if kind in GROUPS else '_'}{field.name}"


def default_of(field: "Field[Any]") -> Any:
    """Return the default of a field."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def groups() -> list[str]:
    """Return the names of the groups; of each group one option is chosen."""
    return sorted(folder.name for folder in files.package_folder("conf").iterdir() if folder.is_dir())


def options(group: str) -> list[str]:
    """Return the names of a group's options."""
    stems = [file.stem for file in files.package_folder("conf").glob(f"{group}/*.yaml")]
    return sorted({*stems, *_registered(group)})


def option_values(group: str, name: str) -> Mapping[str, Any]:
    """Return the settings that one option of a group gives values to, by their names within the group."""
    return _of_entry(group, name) if name in _registered(group) else _of_file(group, name)


def register_options(schema: DictConfig) -> None:
    """Make the schema known to Hydra, and the options that have no file.

    Hydra has one store for all applications of a process, so no other may use the schema's name.
    """
    store = ConfigStore.instance()
    store.store(name="sweep_schema", node=schema)
    for group in groups():
        for name in _registered(group):
            store.store(group=group, name=name, node=dict(_of_entry(group, name)), provider="sweep")


def _registered(group: str) -> Mapping[str, str]:
    return TABLES[group].registered if group in TABLES else {}


def _of_entry(group: str, name: str) -> Mapping[str, Any]:
    """Return the settings of an option that the user has registered, with their defaults."""
    if group in GROUPS:
        defaults = {item.key: item.default for item in settings_of_choice(group, name)}
        inner = {key.removeprefix(f"{group}."): value for key, value in defaults.items() if "." in key}
    else:
        entry = DATASETS[name]
        assert entry is not None
        inner = {item.name: getattr(entry, item.name) for item in fields(entry) if item.name != "load"}
    return {"name": name, **inner}


@cache
def _of_file(group: str, name: str) -> Mapping[str, Any]:
    content: Any = OmegaConf.to_container(
        OmegaConf.load(files.package_folder("conf") / group / f"{name}.yaml")
    )
    for base in content.pop("defaults", []):
        content = {**_of_file(group, base), **content}
    return MappingProxyType(content)
