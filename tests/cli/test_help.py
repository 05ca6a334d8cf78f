"""`--help` and `--version`."""

import tomllib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.processes import Done, python, run_cli

import sweep
from sweep.cli.help import EXAMPLES
from sweep.config.schema import Config

ROOT = Path(__file__).parents[2]


def shown(folder: Path, *arguments: str, run: Callable[..., Done] = run_cli, **variables: str) -> str:
    """Return what a command prints, which must succeed and leave nothing."""
    done = run(folder, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list(folder.iterdir()) == []
    return done.stdout


def leaves(owner: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Every setting as it is typed, with its default."""
    found = []
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            found += leaves(value, f"{prefix}{item.name}.")
        else:
            found.append((prefix.rstrip(".") if item.name == "name" and prefix else prefix + item.name, item))
    return found


def test_the_help_names_every_setting_with_default_meaning_and_choices(tmp_path: Path) -> None:
    text = shown(tmp_path, "--help")
    assert max(map(len, text.splitlines())) <= 80
    for key, item in leaves(Config()):
        assert f"\n  {key}=" in text, key
        rule = item.metadata["setting"]
        meaning = " ".join(text.partition(f"\n  {key}=")[2].split()[1:])
        assert meaning.startswith(rule.help), key
        choices = meaning.removeprefix(rule.help)[: 30 + 2 * len(str(rule.choices))]
        assert all(choice in choices for choice in rule.choices), key
    for line in ("learning_rate=0.1", "optimizer=sgd", "bias=true", "depth=null", "vary=[init,order]"):
        assert f"\n  {line} " in text
    assert "; a number, at least 0, below 1" in text.partition("\n  momentum=0.0 ")[2][:100]
    assert "usage: python -m sweep" in text.splitlines()[0]
    assert "--hydra-help" in text
    assert "basics/width_and_depth" in text
    assert shown(tmp_path, "hidden=16", "-h") == text


def test_the_help_can_be_read_without_a_utf8_locale(tmp_path: Path) -> None:
    assert "hidden=128" in shown(tmp_path, "-m", "sweep", "--help", run=python, LC_ALL="C", PYTHONUTF8="0")


def test_hydras_own_help_stays(tmp_path: Path) -> None:
    assert "--config-dir" in shown(tmp_path, "--hydra-help")


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_of_the_help_is_a_right_command(tmp_path: Path, line: str) -> None:
    assert f"\n  python -m sweep {line}\n" in shown(tmp_path, "--help")
    assert " trials: 0 stored, " in shown(tmp_path, *line.split(), "dry_run=true")


def test_there_are_five_examples() -> None:
    assert len(EXAMPLES) == 5


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert shown(tmp_path, "--version") == f"sweep {version}\n"
    assert sweep.__version__ == version
    with pytest.raises(AttributeError, match="nothing"):
        _ = sweep.nothing
