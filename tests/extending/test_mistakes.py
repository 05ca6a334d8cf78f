"""A mistake in a module of the user's own, or with its settings, is one line."""

from pathlib import Path

import pytest
from tests.extending.page import EXAMPLES
from tests.processes import forked, python


def test_an_entry_typed_into_a_session_is_refused(tmp_path: Path) -> None:
    """No record could identify it: it has no file."""
    done = python(tmp_path, "-c", EXAMPLES["root"][0])
    line = done.stderr.splitlines()[-1]
    assert line.endswith("optimizer=root: was typed into a session; put it into a module and import that")


@pytest.mark.parametrize(
    ("module", "source", "line"),
    [
        ("nowhere", None, "SWEEP_EXTENSIONS=nowhere: no such module, here or among installed packages"),
        (
            "broken",
            "1 / 0\n",
            "SWEEP_EXTENSIONS=broken: cannot be imported: ZeroDivisionError: division by zero",
        ),
        (
            "taken",
            "from sweep.extend import Optimizer, register\nregister('optimizer', 'adam', Optimizer)\n",
            "SWEEP_EXTENSIONS=taken: cannot be imported: optimizer=adam: is one of sweep's own;"
            " must be another name",
        ),
        (
            "kind",
            "from sweep.extend import register\nregister('optimiser', 'mine', 3)\n",
            "SWEEP_EXTENSIONS=kind: cannot be imported: optimiser: must be one of activation, output, loss,"
            " initializer, optimizer, regularization, schedule, data, figure, setting;"
            " did you mean 'optimizer'?",
        ),
    ],
)
def test_a_mistake_in_a_module_is_one_line(
    tmp_path: Path, module: str, source: str | None, line: str
) -> None:
    if source is not None:
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    # One of them in --help, which composes nothing.
    arguments = ["--help"] if module == "broken" else ["dry_run=true"]
    done = forked(tmp_path, *arguments, SWEEP_EXTENSIONS=module)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {line}"]
    assert done.stdout == ""


def test_settings_of_an_entry_are_like_all_others(tmp_path: Path) -> None:
    """They are checked, listed in --help, and refused without effect."""
    (tmp_path / "root.py").write_text(EXAMPLES["root"][0], encoding="utf-8")
    refusals = {
        ("optimizer=root", "optimizer.rho=1.5"): "optimizer.rho=1.5: must be a number, at least 0, below 1",
        ("optimizer.rho=0.5",): "optimizer.rho=0.5: has no effect with optimizer=sgd; must be left at 0.95,"
        " or set optimizer=root",
        ("optimizer=rot",): "optimizer=rot: must be one of adam, adamw, nesterov, rmsprop, root, sgd;"
        " did you mean 'root'?",
        ("optimizer.roh=1",): "optimizer.roh: no such setting; did you mean 'optimizer.rho'?",
    }
    for arguments, line in refusals.items():
        done = forked(tmp_path, *arguments, SWEEP_EXTENSIONS="root")
        assert done.stderr.splitlines() == [f"error: {line}"]
    shown = " ".join(forked(tmp_path, "--help", SWEEP_EXTENSIONS="root").stdout.split())
    assert "optimizer.rho=0.95 root: decay of the mean square; a number, at least 0, below 1" in shown
