"""Experiment files of somebody else are data: settings and grid. Nothing that they name is run or written."""

import pickle
from pathlib import Path

import pytest
from tests.processes import python
from tests.reliability.scale import Count, scaled

import sweep
from sweep.config import untrusted
from sweep.core.errors import SettingError, SweepError

PACKAGE = "# @package _global_\n"
RUN = "from pathlib import Path\nPath('ran').touch()\n"


class Planted:
    """A pickle of it runs code where it is read."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (RUN,)


# Each of these ran code or wrote a file elsewhere when Hydra itself read the experiment.
ACTING = {
    "a module beside it": "hydra: {callbacks: {x: {_target_: planted.Callback}}}\n",
    "a pickle": "hydra: {callbacks: {x: {_target_: joblib.load, filename: planted.pickle}}}\n",
    "a log elsewhere": (
        "hydra: {job_logging: {version: 1, disable_existing_loggers: false,"
        " root: {handlers: [x], level: DEBUG}, handlers: {x: {class: logging.FileHandler, filename: ran}}}}\n"
    ),
    "a group of Hydra": "defaults: [override /hydra/callbacks: planted]\n",
}


MODES = ([], ["-m", "hidden=4,8"]) * 2


def test_experiment_code_never_runs(tmp_path: Path, count: Count) -> None:
    """Nothing that an experiment file names is run."""
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    (folder.parent / "hydra" / "callbacks").mkdir(parents=True)
    (folder.parent / "hydra" / "callbacks" / "planted.yaml").write_text(
        "# @package _global_\n" + ACTING["a module beside it"]
    )
    (tmp_path / "planted.py").write_text(RUN + "class Callback: pass\n")
    (tmp_path / "planted.pickle").write_bytes(pickle.dumps(Planted()))
    for (name, content), mode in zip(ACTING.items(), MODES, strict=True):
        (folder / "mine.yaml").write_text(f"{PACKAGE}{content}hidden: 4\n")
        done = python(tmp_path, "-m", "sweep", *mode, "experiment=mine", "dry_run=true")
        (line,) = done.stderr.splitlines()
        assert done.returncode == 2
        assert line.startswith("error: ")
        assert "(in experiment/mine.yaml)" in line, name
        assert sorted(file.name for file in tmp_path.iterdir() if file.name != ".matplotlib") == [
            *("planted.pickle", "planted.py", "sweeps")
        ]
    count("experiment files that act", tried=len(ACTING), ran=0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hydra: {run: {dir: /elsewhere}}", "hydra.run"),
        ("hydra: x", "hydra"),
        ("optimizer: {_target_: os.system}", "optimizer._target_"),
        ("grid: {union: [{product: {x: [{_target_: os.system}]}}]}", "grid.union.product.x._target_"),
        ("defaults: [override hydra/launcher: basic]", "override hydra/launcher"),
        ("defaults: [/hydra/launcher/basic]", "/hydra/launcher/basic"),
        ("defaults: [{override /data@hydra.run: idx}]", "/data@hydra"),
        ("defaults: [{/data@hydra: idx}]", "/data@hydra"),
        ("defaults: [../../hydra/x]", "../../hydra/x"),
        ("defaults: [{override /data: '${oc.env:HOME}'}]", "defaults"),
        ("defaults: {a: b}", "defaults"),
        ("defaults: 3", "defaults"),
        ("name: ${oc.env:HOME}", "name=${oc.env:HOME}"),
        ("data: {root: 'x${oc.decode:${oc.env:HOME}}'}", "data.root="),
        ("grid: {product: {name: ['${oc.env:HOME}']}}", "grid.product.name=${oc.env:HOME}"),
        ("hidden: !!python/object/apply:os.system [ls]", "tag"),
        ("hidden: !!python/object/apply:pathlib.Path [/]", "tag"),
        ("hidden: &a [*a]", "alias"),
        ("hidden: *a", "alias"),
        ("hidden: " + "[" * 100_000, "more than 50 levels"),
        ("hidden: " + "{a: " * 100_000, "more than 50 levels"),
        (
            "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 20)),
            "more than 100,000 values",
        ),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 10}]}}\n" for n in range(1, 20)),
            "more than 100,000 values",
        ),
        ("seeds: " + "1" * 5000, "a number of more than 100"),
        ("seeds: " + "1:" * 100_000 + "1", "a number of more than 100"),
        ("seeds: " + "1_" * 100_000 + "1", "a number of more than 100"),
        ("hidden: 4\nhidden: 5", "duplicate key hidden"),
        ("? [a, b]\n: c", "unhashable"),
        ("{a: b}: c", ""),
        ("- hidden", "must be a mapping"),
        ("--- {}\n--- {}", "document"),
        ("hidden: \0", "special characters"),
        ("hidden: '\udcff'", "codec"),
        ("#" * 2**20, "holds more than"),
    ],
    ids=range(34),
)
def test_experiment_without_settings(tmp_path: Path, content: str, words: str) -> None:
    """Anything in an experiment file that is no setting is a one-line error."""
    file = tmp_path / "experiment" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(PACKAGE + content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SettingError) as caught:
        untrusted.read(tmp_path, "experiment/mine.yaml")
    assert words in str(caught.value)
    assert "experiment/mine.yaml" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("header", ["", "# @package hydra\n", "# @package\n", "# @package _global_ x\n"])
def test_experiment_package(tmp_path: Path, header: str) -> None:
    """An experiment file overlays the whole configuration, and nothing else."""
    (tmp_path / "mine.yaml").write_text(f"{header}hidden: 4\n")
    with pytest.raises(SettingError, match="first line"):
        untrusted.read(tmp_path, "mine.yaml")


@pytest.mark.parametrize(
    "path", ["experiment/../hydra/x", "hydra/x", "data/x", "/etc/x", "experiments/x", ".."]
)
def test_only_experiments_are_served(path: str) -> None:
    """Files outside the folder of experiments are not served."""
    assert not untrusted.serves(path)


@pytest.mark.parametrize(
    "key",
    ["hydra.run.dir", "hydra/launcher", "+hydra.x", "~hidden", "hidden=3 momentum", "experiment", "a b", ""],
)
def test_grid_axis_is_a_setting(key: str) -> None:
    """An axis of a grid must be a setting."""
    with pytest.raises(SweepError):
        sweep.run({"grid": {"product": {key: [1, 2]}}, "dry_run": True})


@scaled(
    "commands",
    [["-m", "sweep", "hiden=3"]],
    [["-m", "sweep", "hiden=3"], ["-m", "sweep.report", "x"], ["-m", "sweep.variance", "hiden=3"]],
)
def test_working_folder_is_not_imported(tmp_path: Path, commands: list[list[str]]) -> None:
    """Modules in the working folder are not imported."""
    plugin = tmp_path / "hydra_plugins" / "planted" / "__init__.py"
    plugin.parent.mkdir(parents=True)
    modules = ["yaml.py", "json.py", "pathlib.py", "numba.py", "cattrs.py", "sitecustomize.py"]
    for file in (plugin, *(tmp_path / name for name in modules)):
        file.write_text(RUN)
    for command in commands:
        done = python(tmp_path, *command)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "ran").exists()


TEN, THOUSAND = list(range(10)), list(range(1000))
AXES = ["hidden", "depth", "epochs", "momentum", "batch_size", "learning_rate"]
ROOM = {
    "must be at most 1,000,000": {"seeds": 10**99},
    "gives 1,000,000 cells; must give at most": {"grid": {"product": dict.fromkeys(AXES, TEN)}},
    "grid: gives 1,000,000 cells": {"grid": {"product": {"hidden": THOUSAND}, "zip": {"epochs": THOUSAND}}},
}


@pytest.mark.parametrize("words", ROOM)
def test_sweep_too_large(words: str) -> None:
    """A sweep with too many cells or seeds is refused."""
    with pytest.raises(SettingError, match=words):
        sweep.run(ROOM[words] | {"dry_run": True})
