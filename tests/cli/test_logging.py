"""Log lines of other libraries on the terminal: none, unless the user configures logging."""

from pathlib import Path

import pytest
from tests.processes import python

SMALL = ("hidden=4", "seeds=2", "epochs=1", "data.train_size=200", "data.test_size=100", "parallel.n_jobs=1")


def sweep(folder: Path, *arguments: str, **variables: str) -> tuple[str, str]:
    """Run a sweep with figures that has to list the fonts first, and return what it prints."""
    fresh = {"MPLCONFIGDIR": str(folder / f"fonts{len(list(folder.iterdir()))}")}
    done = python(folder, "-m", "sweep", *SMALL, *arguments, **fresh, **variables)
    assert done.returncode == 0, done.stderr
    assert "figure" in done.stdout
    return done.stdout, done.stderr


def test_first_run_prints_no_note_of_another_library(tmp_path: Path) -> None:
    output, errors = sweep(tmp_path)
    assert errors == ""
    assert "HYDRA" not in output
    assert "font" not in output


@pytest.mark.slow
def test_a_users_own_logging_gets_every_note(tmp_path: Path) -> None:
    """So it does with Python's logging, in a module of the user's, and with Hydra's own configuration."""
    (tmp_path / "noisy.py").write_text("import logging\n\nlogging.basicConfig(level=logging.INFO)\n")
    _, errors = sweep(tmp_path, PYTHONPATH=str(tmp_path), SWEEP_EXTENSIONS="noisy")
    assert "INFO:matplotlib.font_manager:generated new fontManager" in errors.splitlines()
    output, errors = sweep(tmp_path, "hydra/hydra_logging=default")
    assert errors == ""
    assert "][HYDRA] generated new fontManager\n" in output
