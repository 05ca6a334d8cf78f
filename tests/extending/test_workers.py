"""Worker processes know what the user has registered, in whichever module."""

from pathlib import Path

import pytest
from tests.extending.page import EXAMPLES, recorded, settings_in_python, settled
from tests.processes import python


@pytest.mark.slow
def test_workers_train_the_same_bits(tmp_path: Path) -> None:
    """Workers import the module that SWEEP_EXTENSIONS names."""
    together = settled(tmp_path, "quick_gelu", "parallel.n_jobs=2", "parallel.block_size=1")
    alone = tmp_path / "alone"
    alone.mkdir()
    assert set(settled(alone, "quick_gelu")["weights_sha256"]) == set(together["weights_sha256"])


IMPORTING = """
import quick_gelu, sweep

settings = {{"activation": "quick_gelu", **{settings!r}}}
{between}
table = sweep.run(settings)
assert len(table) == 1
print("done")
"""


def test_workers_import_modules_of_a_script(tmp_path: Path) -> None:
    """The script imports the module that registers; it needs no `if __name__ == "__main__"`."""
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    script = IMPORTING.format(settings=settings_in_python(2), between="")
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("done") == 1
    assert len(recorded(tmp_path)) == 2


REGISTERING = """
import sweep

settings = {{"optimizer": "root", "learning_rate": 0.01, **{settings!r}}}
table = sweep.run(settings)
assert len(table) == 1
network = sweep.train({{**settings, "parallel": {{}}}}, seed=0)
assert set(sweep.load()["weights_sha256"]) >= {{network.result.weights_sha256}}
"""


def test_entries_of_a_script_train_in_its_process(tmp_path: Path) -> None:
    script = EXAMPLES["root"][0] + REGISTERING.format(settings=settings_in_python(1))
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 0, done.stderr
    assert len(recorded(tmp_path)) == 2


def test_entries_of_a_script_are_refused_for_workers(tmp_path: Path) -> None:
    """Workers cannot import the script, so that one line says what to do, before anything is trained."""
    script = EXAMPLES["root"][0] + REGISTERING.format(settings=settings_in_python(2))
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "SettingError: optimizer=root: is registered in a script, which workers cannot import; put it into a"
        " module that the script imports or SWEEP_EXTENSIONS names, or set parallel.n_jobs=1"
    )
    assert not (tmp_path / "results").exists()


EDITING = """
import pathlib

file = pathlib.Path("quick_gelu.py")
file.write_text(file.read_text().replace("1.702", "1.0"))
"""


def test_a_module_edited_while_in_use_is_refused(tmp_path: Path) -> None:
    """A worker would import another source than that of which the records hold the digest."""
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    script = IMPORTING.format(settings=settings_in_python(2), between=EDITING)
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert "activation=quick_gelu: its file has changed while it was in use; start again" in line
    assert not (tmp_path / "results").exists()
