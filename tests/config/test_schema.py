"""The schema, and conf/, which says the same again with comments."""

from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from sweep.cli.help import settings_page
from sweep.config.compose import register_schema, to_config
from sweep.config.schema import Config, nodes
from sweep.system import files

CONF = files.package_folder("conf")
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir())
OPTIONS = sorted((file.parent.name, file.stem) for file in CONF.glob("*/*.yaml"))


def content(file: Path) -> dict[str, Any]:
    loaded = OmegaConf.to_container(OmegaConf.load(file))
    assert isinstance(loaded, dict)
    return {str(key): value for key, value in loaded.items()}


def composed(*overrides: str) -> Config:
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return to_config(compose("config", list(overrides)))


def counting(group: str, option: str) -> set[str]:
    """The settings of a group, besides its name, that one of its choices gives an effect."""
    inner = {
        key: rule
        for key, rule in ((key, node.rule) for key, node in nodes().items())
        if key.startswith(f"{group}.")
    }
    return {
        key.removeprefix(f"{group}.")
        for key, rule in inner.items()
        if all(need.met(option) for need in rule.needs if need.key == f"{group}.name")
        and not key.endswith(".name")
    }


def test_files_state_every_default() -> None:
    stated = content(CONF / "config.yaml")
    defaults = stated.pop("defaults")
    del stated["hydra"]
    for entry in defaults:
        for group, option in entry.items() if isinstance(entry, dict) else ():
            if group in GROUPS:
                stated[group] = content(CONF / group / f"{option}.yaml")
    # The choice of an experiment stands among the defaults; a group's file states what its choice has.
    expected = asdict(Config())
    for group in set(GROUPS) - {"parallel"}:
        assert stated[group].keys() == {"name", *counting(group, stated[group]["name"])}
        expected[group] = {key: value for key, value in expected[group].items() if key in stated[group]}
    assert stated | {"experiment": None} == expected


def test_conf_composes_to_the_defaults_of_the_schema() -> None:
    assert composed() == Config()


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_option_composes_to_its_file(group: str, option: str) -> None:
    stated = content(CONF / group / f"{option}.yaml")
    for base in stated.pop("defaults", []):
        stated = content(CONF / group / f"{base}.yaml") | stated
    result = composed(f"{group}={option}")
    if group != "parallel":
        assert stated.keys() == {"name", *counting(group, option)}
    others = asdict(Config())
    assert asdict(result) == others | {group: others[group] | stated}


@pytest.mark.parametrize("group", sorted(set(GROUPS) - {"parallel"}))
def test_choices_of_a_group_are_its_files(group: str) -> None:
    owner = type(getattr(Config(), group))
    name = next(item for item in fields(owner) if item.name == "name")
    assert sorted(name.metadata["setting"].choices) == [option for of, option in OPTIONS if of == group]
    for option in name.metadata["setting"].choices:
        assert content(CONF / group / f"{option}.yaml")["name"] == option


def all_fields(owner: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            yield from all_fields(value, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name, item


@pytest.mark.parametrize(("key", "item"), [pytest.param(*pair, id=pair[0]) for pair in all_fields(Config())])
def test_setting_has_a_meaning(key: str, item: Any) -> None:
    meaning = item.metadata["setting"].help
    assert meaning.strip(), f"{key} needs a help text"
    assert "\n" not in meaning


def test_settings_page_is_current() -> None:
    """docs/settings.md is what `sweep help settings` prints."""
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page()


def test_hidden_units_of_a_number_or_a_list() -> None:
    cases: list[tuple[Any, int | None, tuple[int, ...]]] = [
        (16, None, (16,)),
        (16, 1, (16,)),
        (16, 3, (16, 16, 16)),
        (16, 0, ()),
        ([300, 100], None, (300, 100)),
        ([300, 100], 2, (300, 100)),
        ([300, 100], 0, ()),
    ]
    for hidden, depth, units in cases:
        assert Config(hidden=hidden, depth=depth).hidden_units == units


@pytest.mark.parametrize(("seeds", "indices"), [(1, (0,)), (3, (0, 1, 2)), ([3], (3,)), ([4, 0], (4, 0))])
def test_seeds_are_a_number_or_a_list_of_indices(seeds: Any, indices: tuple[int, ...]) -> None:
    assert Config(seeds=seeds).seed_indices == indices
