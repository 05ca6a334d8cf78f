"""Shell completion: candidates for a line, and a real bash that asks for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.cli.completion import candidates

SCRIPT = """
eval "$(sweep -sc install=bash)"
COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
hydra_bash_completion
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sweep sta", ["status"]),
        ("sweep com", ["compare", "compare."]),
        ("sweep hid", ["hidden="]),
        ("/opt/bin/sweep -m hid", ["hidden="]),
        ("python -m sweep hid", ["hidden="]),
        ("python3.12 -m sweep sta", ["status"]),
        ("sweep -m sta", []),  # a command comes first
        ("sweep early", ["early_stopping."]),
        ("sweep early_stopping.pat", ["early_stopping.patience="]),
        ("sweep optimizer", ["optimizer=", "optimizer."]),
        ("sweep activation=s", ["activation=sigmoid", "activation=softplus", "activation=silu"]),
        ("sweep -m activation=relu,ta", ["activation=relu,tanh"]),
        ("sweep -m activation=relu,re", []),  # it is there already
        ("sweep optimizer=a", ["optimizer=adam", "optimizer=adamw"]),
        ("sweep bias=", ["bias=true", "bias=false"]),
        ("sweep learning_rate=", ["learning_rate=0.1"]),
        ("sweep vary=[init,s", ["vary=[init,split"]),
        ("sweep ~hid", ["~hidden"]),
        ("sweep experiment=basics/w", ["experiment=basics/width_and_depth"]),
        ("sweep --multi", ["--multirun"]),
        ("sweep --cfg ", ["job", "hydra", "all"]),
        ("sweep compare --", ["--help", "--output"]),
        ("python -m sweep.compare --o", ["--output"]),
        ("sweep compare met", ["metric="]),
        ("sweep compare metric=validation_", ["metric=validation_accuracy", "metric=validation_loss"]),
        ("sweep compare results hid", ["hidden="]),
        ("sweep variance see", ["seeds="]),
        ("sweep reproduce we", ["wei"]),
        ("sweep reproduce wei --scale ", ["smoke", "quick", "full"]),
        ("sweep status --remove ", ["cell=", "failed", "damaged", "stale"]),
        ("sweep help mom", ["momentum"]),
        ("sweep nothing=", []),
    ],
)
def test_candidates_for_a_line(line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


def test_candidates_of_an_empty_word_are_commands_and_settings() -> None:
    words = candidates("sweep ")
    assert words[:2] == ["compare", "status"]
    assert {"hidden=", "data=", "data.", "hydra.", "experiment="} < set(words)
    assert not any("." in word[:-1] for word in words)


def test_files_complete_the_value_of_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert candidates("sweep data.root=./fi") == ["data.root=./first"]
    assert candidates("sweep data.root=./nowhere/x") == []


def completed(folder: Path, line: str) -> list[str]:
    """Return the completions that bash offers for a line after it has installed ours."""
    program = folder / "bin" / "sweep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sweep "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", SCRIPT, "bash", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.part(2)
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sweep comp", ["compare", "compare."]),
        ("sweep -m hid", ["hidden="]),
        ("sweep activation=t", ["activation=tanh"]),
        ("sweep hydra.sweep.d", ["hydra.sweep.dir="]),  # Hydra's own answer
        ("sweep status --che", ["--check"]),
    ],
)
def test_bash_completes_a_word(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert completed(tmp_path, line) == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_runs_no_command_from_a_file_name(tmp_path: Path) -> None:
    """Bash expands candidates, so an experiment called $(command) is not among them."""
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    for name in ("mine", "$(touch owned)", "`touch owned`", "a;b"):
        (folder / f"{name}.yaml").write_text("# @package _global_\n")
    assert completed(tmp_path, "sweep experiment=m") == ["experiment=mine"]
    assert not (tmp_path / "owned").exists()
