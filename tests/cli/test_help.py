"""`sweep --help`, `sweep help` and `--version`."""

import runpy
import tomllib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.processes import Done, python, run_cli

import sweep
from sweep.cli import COMMANDS
from sweep.cli.help import EXAMPLES
from sweep.config.schema import Config

ROOT = Path(__file__).parents[2]


def shown(folder: Path, *arguments: str, run: Callable[..., Done] = run_cli, **variables: str) -> str:
    """Return what a command prints at 80 columns, which must succeed and leave nothing behind."""
    done = run(folder, *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(folder.iterdir()) == []
    return done.stdout


def settings(owner: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return every setting as it is typed, with its field."""
    pairs = []
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            pairs += settings(value, f"{prefix}{item.name}.")
        else:
            pairs.append((prefix.rstrip(".") if item.name == "name" and prefix else prefix + item.name, item))
    return pairs


def test_help_names_every_setting(tmp_path: Path) -> None:
    """Each setting is listed with its default, its meaning and its choices."""
    text = shown(tmp_path, "--help")
    assert max(map(len, text.splitlines())) <= 80
    for key, item in settings(Config()):
        assert f"\n  {key}=" in text, key
        rule = item.metadata["setting"]
        meaning = " ".join(text.partition(f"\n  {key}=")[2].split()[1:])
        assert meaning.startswith(rule.help), key
        choices = meaning.removeprefix(rule.help)[: 30 + 2 * len(str(rule.choices))]
        assert all(choice in choices for choice in rule.choices), key
    for line in ("learning_rate=0.1", "optimizer=sgd", "bias=true", "depth=null", "vary=[init,order]"):
        assert f"\n  {line} " in text
    assert "; a number, at least 0, below 1" in text.partition("\n  momentum=0.0 ")[2][:100]
    assert "--hydra-help" in text
    assert "basics/width_and_depth" in text
    assert shown(tmp_path, "hidden=16", "-h") == text
    assert shown(tmp_path, "help") == text


def test_help_begins_with_usage_examples_and_commands(tmp_path: Path) -> None:
    """The first screen shows how to run a sweep, five examples, and all commands."""
    screen = shown(tmp_path, "--help").splitlines()[:36]
    assert screen[:3] == [
        "usage: sweep [setting=value ...]",
        "       sweep -m setting=value,value ... [setting=value ...]",
        "       sweep COMMAND ...",
    ]
    start = screen.index("Commands (each has its own --help):")
    lines = screen[start + 1 : start + 1 + len(COMMANDS)]
    assert lines == [f"  {name}".ljust(30) + command.summary for name, command in COMMANDS.items()]
    examples = [line for line in screen[:start] if line.startswith("  sweep ")]
    assert len(examples) == len(EXAMPLES) == 5
    assert all(f"sweep {example}" in line for example, line in zip(EXAMPLES, examples, strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(tmp_path: Path, name: str) -> None:
    """-h, --help and `sweep help NAME` print the same text, with examples of that command."""
    text = shown(tmp_path, name, "--help")
    assert text.startswith(f"usage: sweep {name} [-h]")
    examples = text.partition("\nexamples:\n")[2].splitlines()
    assert len(examples) >= 2
    assert all(line.startswith(f"  sweep {name}") for line in examples)
    assert max(map(len, text.splitlines())) <= 80
    assert shown(tmp_path, name, "-h") == text
    assert shown(tmp_path, "help", name) == text


def test_entry_files_are_the_same_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m sweep.compare` is `python -m sweep compare`; the report's entry is a package's own."""
    for name in ("compare", "report"):
        assert python(tmp_path, "-m", f"sweep.{name}", "-h").stdout == shown(tmp_path, name, "-h")
    for name in ("status", "variance", "reproduce"):
        monkeypatch.setattr("sys.argv", ["sweep", "-h"])
        with pytest.raises(SystemExit):
            runpy.run_module(f"sweep.{name}", run_name="__main__")
        assert capsys.readouterr().out.startswith(f"usage: sweep {name} ")


def test_help_of_a_setting_and_a_group(tmp_path: Path) -> None:
    text = shown(tmp_path, "--help")
    setting = shown(tmp_path, "help", "momentum")
    assert setting.startswith("  momentum=0.0 ")
    assert setting in text
    group = shown(tmp_path, "help", "early_stopping")
    assert group in text
    assert [line.split("=")[0] for line in group.splitlines() if line[2] != " "] == [
        "  early_stopping.patience",
        "  early_stopping.monitor",
        "  early_stopping.keep_best",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["help", "comprae"], "comprae: no such command; did you mean 'compare'?"),
        (["help", "hiden"], "hiden: no such setting; did you mean 'hidden'?"),
        (["comprae"], "comprae: must be setting=value or one of the commands compare, status, variance,"),
        (["comprae"], "reproduce, report, help; did you mean 'compare'?"),
        (["other", "hidden=3"], "other: must be setting=value or one of the commands compare, status,"),
        (["compare", "--otput", "x"], "unrecognized arguments: --otput; sweep compare --help explains"),
        (["report"], "the following arguments are required: paper; sweep report --help explains"),
        (["reproduce", "wei", "--scale", "huge"], "invalid choice: 'huge' (choose from "),
    ],
)
def test_a_mistyped_command_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run_cli(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_help_without_a_utf8_locale(tmp_path: Path) -> None:
    assert "hidden=128" in shown(tmp_path, "-m", "sweep", "--help", run=python, LC_ALL="C", PYTHONUTF8="0")


def test_hydras_own_help_stays(tmp_path: Path) -> None:
    assert "--config-dir" in shown(tmp_path, "--hydra-help")


@pytest.mark.parametrize("line", EXAMPLES)
def test_example_of_the_help_runs(tmp_path: Path, line: str) -> None:
    """Every example is a valid command."""
    assert " trials: 0 stored, " in shown(tmp_path, *line.split(), "dry_run=true")


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert shown(tmp_path, "--version") == f"sweep {version}\n"
    assert sweep.__version__ == version
    with pytest.raises(AttributeError, match="nothing"):
        _ = sweep.nothing
