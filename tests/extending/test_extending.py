"""docs/extending.md, word for word: each module is found, trains from the command line, and is recorded."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sweep

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
# By the name of its module, each example: its source, and the arguments of its command.
EXAMPLES: dict[str, tuple[str, list[str]]] = {
    name: (source, command.split())
    for name, source, command in re.findall(
        r"```python\n# (\w+)\.py\n(.*?)```\n\n```bash\npython -m sweep (.*?)\n```", PAGE, re.DOTALL
    )
}
TINY = ["seeds=2", "epochs=2", "batch_size=20", "figures=false", "parallel.n_jobs=1"]
SPIRAL = ["data=spiral", "data.train_size=100", "data.validation_size=20", "data.test_size=40", "hidden=4"]
MSE = ["output=identity", "loss=mse"]


def sweeps(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in `folder`."""
    command = [sys.executable, "-m", "sweep", *arguments]
    environment = os.environ | variables
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def settled(folder: Path, name: str, *more: str) -> pd.DataFrame:
    """The trials of an example's own command, in the order of its cells, with tiny settings."""
    source, command = EXAMPLES[name]
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    given = {argument.partition("=")[0] for argument in [*command, *more]}
    tiny = [setting for setting in (*SPIRAL, *TINY) if setting.partition("=")[0] not in given]
    if "data" in given:
        tiny = [setting for setting in tiny if not setting.startswith("data.")]
    done = sweeps(folder, *command, *tiny, *more, SWEEP_EXTENSIONS=name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return sweep.load(folder / "results")


def test_the_page_has_an_example_of_each_kind() -> None:
    kinds = re.findall(r'sweep\.register\("(\w+)"', "".join(source for source, _ in EXAMPLES.values()))
    from sweep.config.tables import TABLES

    assert sorted(set(TABLES) - {"output"}) == sorted(kinds)  # an output is an object as an activation is


AXES: dict[str, tuple[str, list[Any], list[str]]] = {
    # the column of the axis, its values, and what the command needs besides
    "quick_gelu": ("activation", ["relu", "quick_gelu"], []),
    "root": ("optimizer.rho", [0.9, 0.99], []),
    "elastic": ("regularization.ratio", [0.2, 0.8], []),
    "huber": ("loss_delta", [0.1, 1.0], ["output=identity"]),
    "scaled": ("initializer_gain", [0.5, 2.0], []),
    "exponential": ("schedule.gamma", [0.5, 0.9], ["epochs=3"]),
    "rings": ("hidden", [4, 8], ["parallel.n_jobs=2"]),
    "gap": ("hidden", [4, 8], []),
}


@pytest.mark.parametrize("name", AXES)
def test_an_example_trains_and_its_setting_is_an_axis(tmp_path: Path, name: str) -> None:
    column, values, more = AXES[name]
    more = [*more, "figures=true"] if name == "gap" else more
    trials = settled(tmp_path, name, *more)
    assert set(trials["status"]) == {"completed"}
    assert sorted(trials[column], key=str) == sorted([*values, *values], key=str)
    # Each value trains another network, and the table has a row for each.
    assert trials["weights_sha256"].nunique() == 4
    (summary,) = tmp_path.glob("multirun/*/*/summary.csv")
    assert [str(value) for value in pd.read_csv(summary)[column]] == [str(value) for value in values]
    if name == "gap":
        assert (summary.parent / "figures" / "gap.png").stat().st_size > 1000


def test_a_setting_of_ones_own_tells_cells_apart_but_for_its_default(tmp_path: Path) -> None:
    trials = settled(tmp_path, "laboratory")
    configs = [json.loads(text) for text in recorded(tmp_path)]
    assert sorted(config.get("laboratory", "-") for config in configs) == ["-", "-", "there", "there"]
    assert trials["weights_sha256"].nunique() == 2  # it changes no number
    # At its default the cell is that of a world without the setting.
    done = sweeps(tmp_path, *SPIRAL, *TINY, "dry_run=true")
    assert "2 stored, 0 to train" in done.stdout


def recorded(folder: Path) -> list[str]:
    """The settings in each record."""
    import pyarrow.parquet as pq

    files = sorted((folder / "results").glob("*/*.parquet"))
    return [pq.ParquetFile(file).read(["config"])["config"][0].as_py() for file in files]


def test_records_hold_the_digest_of_the_source_and_another_source_is_another_cell(tmp_path: Path) -> None:
    import hashlib

    source, _ = EXAMPLES["root"]
    arguments = ["optimizer=root", "learning_rate=0.01", *SPIRAL, *TINY]
    stored = []
    for text in (source, source, source.replace("1e-6)\n", "1e-5)\n")):
        (tmp_path / "root.py").write_text(text, encoding="utf-8")
        done = sweeps(tmp_path, *arguments, SWEEP_EXTENSIONS="root")
        assert done.returncode == 0, done.stderr
        stored.append(len(recorded(tmp_path)))
    assert stored == [2, 2, 4]
    digests = {json.loads(text)["extensions"]["optimizer.root"] for text in recorded(tmp_path)}
    written = (source, source.replace("1e-6)\n", "1e-5)\n"))
    assert digests == {hashlib.sha256(text.encode()).hexdigest() for text in written}


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


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def settings_in_python(n_jobs: int) -> Mapping[str, Any]:
    data = {"name": "spiral", "train_size": 100, "validation_size": 20, "test_size": 40}
    parallel = {"n_jobs": n_jobs, "block_size": 1}
    return {"data": data, "hidden": 4, "seeds": 2, "epochs": 1, "parallel": parallel, "figures": False}


def test_workers_know_what_a_script_has_registered(tmp_path: Path) -> None:
    """The script itself registers one entry, a module that it imports another; it has no __main__ guard."""
    (tmp_path / "quick_gelu.py").write_text(EXAMPLES["quick_gelu"][0], encoding="utf-8")
    script = f"import quick_gelu\n{EXAMPLES['root'][0]}{SCRIPT.format(settings=settings_in_python(2))}"
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("done") == 1
    assert len(recorded(tmp_path)) == 2


def test_what_is_typed_into_a_session_is_refused_in_one_line(tmp_path: Path) -> None:
    done = python(tmp_path, "-c", EXAMPLES["root"][0])
    line = done.stderr.splitlines()[-1]
    assert line.endswith(
        "optimizer=root: was typed into a session; must stand in a file, in a module that is imported"
    )


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
            "import sweep\nfrom sweep.nn.optimizers import Sgd\nsweep.register('optimizer', 'adam', Sgd)\n",
            "SWEEP_EXTENSIONS=taken: cannot be imported: optimizer=adam: is one of sweep's own;"
            " must be another name",
        ),
        (
            "kind",
            "import sweep\nsweep.register('optimiser', 'mine', 3)\n",
            "SWEEP_EXTENSIONS=kind: cannot be imported: optimiser: must be one of activation, output, loss,"
            " initializer, optimizer, regularization, schedule, data, figure, setting;"
            " did you mean 'optimizer'?",
        ),
    ],
)
def test_a_module_that_is_wrong_is_one_line(
    tmp_path: Path, module: str, source: str | None, line: str
) -> None:
    if source is not None:
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    # One of them in --help, which composes nothing.
    arguments = ["--help"] if module == "broken" else ["dry_run=true"]
    done = sweeps(tmp_path, *arguments, SWEEP_EXTENSIONS=module)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {line}"]
    assert done.stdout == ""


def test_its_settings_are_checked_listed_and_refused_like_all_others(tmp_path: Path) -> None:
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
        done = sweeps(tmp_path, *arguments, SWEEP_EXTENSIONS="root")
        assert done.stderr.splitlines() == [f"error: {line}"]
    shown = " ".join(sweeps(tmp_path, "--help", SWEEP_EXTENSIONS="root").stdout.split())
    assert "optimizer.rho=0.95 root: decay of the mean square; a number, at least 0, below 1" in shown


def test_the_contents_of_a_data_set_are_its_identity(tmp_path: Path) -> None:
    settled(tmp_path, "rings")
    source = EXAMPLES["rings"][0]
    (tmp_path / "rings.py").write_text(f"{source}\n# the same numbers\n", encoding="utf-8")
    arguments = ["-m", *EXAMPLES["rings"][1][1:], *TINY, "dry_run=true"]
    assert "4 stored, 0 to train" in sweeps(tmp_path, *arguments, SWEEP_EXTENSIONS="rings").stdout
    (tmp_path / "rings.py").write_text(source.replace("rng(0)", "rng(1)"), encoding="utf-8")
    assert "0 stored, 4 to train" in sweeps(tmp_path, *arguments, SWEEP_EXTENSIONS="rings").stdout


def test_gradients_of_the_examples_are_those_of_central_differences(tmp_path: Path) -> None:
    """The page must not teach a wrong derivative."""
    spaces: dict[str, dict[str, Any]] = {}
    for name in ("quick_gelu", "huber", "elastic"):
        source = EXAMPLES[name][0].replace("sweep.register", "register")
        spaces[name] = {"register": lambda kind, name, entry=None: entry or (lambda decorated: decorated)}
        exec(source, spaces[name])
    z = np.linspace(-3, 3, 7)
    gelu = spaces["quick_gelu"]

    def value(at: Any) -> Any:
        gelu["apply"](at)
        return at

    delta = np.ones(7)
    gelu["backward"](delta, z)
    assert delta == pytest.approx((value(z + 1e-6) - value(z - 1e-6)) / 2e-6, rel=1e-6)
    loss, a, y = spaces["huber"]["Huber"](0.7), np.array([[[0.1, -2.0, 0.3]]]), np.zeros((1, 1, 3))
    slopes = a.copy()
    loss.gradient(slopes, y)
    shifts = 1e-6 * np.eye(3)[:, None, None]
    found = [(loss.examples(a, a + s, y) - loss.examples(a, a - s, y)).item() / 2e-6 for s in shifts]
    assert slopes.ravel() == pytest.approx(found)
    penalty, weights, gradient = spaces["elastic"]["Elastic"](0.1, 0.3), np.array([0.5, -2.0]), np.zeros(2)
    penalty.add_gradient(gradient, weights)
    found = [(penalty.penalty(weights + s) - penalty.penalty(weights - s)) / 2e-6 for s in 1e-6 * np.eye(2)]
    assert gradient == pytest.approx(found)


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
