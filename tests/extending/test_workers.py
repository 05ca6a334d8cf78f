"""Worker processes know what the user has registered, wherever that was."""

from pathlib import Path

from tests.extending.page import EXAMPLES, python, recorded, settings_in_python, settled

import sweep


def test_workers_know_it_and_train_the_same_bits(tmp_path: Path) -> None:
    together = settled(tmp_path, "quick_gelu", "parallel.n_jobs=2", "parallel.block_size=1")
    alone = tmp_path / "alone"
    alone.mkdir()
    assert set(settled(alone, "quick_gelu")["weights_sha256"]) == set(together["weights_sha256"])


SCRIPT = """
settings = {{"activation": "quick_gelu", "optimizer": "root", "learning_rate": 0.01, **{settings!r}}}
table = sweep.run(settings)
assert len(table) == 1
print("done")
"""


def test_workers_know_what_a_script_has_registered(tmp_path: Path) -> None:
    """The script itself registers one entry, a module that it imports another; it has no __main__ guard."""
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    script = f"import quick_gelu\n{EXAMPLES['root'][0]}{SCRIPT.format(settings=settings_in_python(2))}"
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("done") == 1
    assert len(recorded(tmp_path)) == 2


EDITED = """
import importlib, pathlib, sweep, quick_gelu

settings = {settings!r}
for _ in range(2):
    sweep.run({{"activation": "quick_gelu", **settings}})
    file = pathlib.Path("quick_gelu.py")
    file.write_text(file.read_text().replace("1.702", "1.0"))
    importlib.reload(quick_gelu)
"""


def test_workers_see_a_module_that_was_edited_and_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    (tmp_path / "mine.py").write_text(EDITED.format(settings=settings_in_python(2)), encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 0, done.stderr
    trials = sweep.load(tmp_path / "results")
    assert trials["cell"].nunique() == 2
    assert trials["weights_sha256"].nunique() == len(trials) == 4


def test_a_worker_that_cannot_follow_is_one_line(tmp_path: Path) -> None:
    """What the module has registered was in a file that is another one when the worker imports it."""
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    script = EDITED.replace("importlib.reload(quick_gelu)", "break").replace(
        "    sweep.run", "    # sweep.run"
    )
    script = (
        script.format(settings=settings_in_python(2))
        + 'sweep.run({"activation": "quick_gelu", **settings})\n'
    )
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert "activation=quick_gelu: its file has changed while it was in use; start again" in line
