"""A mistake on the command line is one line, exit code 2, and nothing on disk."""

import gzip
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.processes import Done, python, run_cli

from sweep.data.datasets import MNIST_FOLDER

EXPERIMENTS = {
    "hiden": "hiden: 16\n",
    "axis": "grid: {product: {hiden: [16, 32]}}\n",
    "option": "grid: {product: {optimizer: [sgd, adm]}}\n",
    "part": "grid: {prodct: {hidden: [16]}}\n",
    "text": "grid: all\n",
    "yaml": "hidden: [16\n",
    "listed": "momentum: [0, 0.9]\n",
    "choices": "activation: [relu, tanh]\n",
    "group": "optimizer: [sgd, adam]\n",
    "word": "momentum: much\n",
    "fine": "hidden: 16\n",
}


def listing(folder: Path) -> list[tuple[str, int]]:
    """Every file and folder below `folder`, with the size of the files."""
    return sorted(
        (path.relative_to(folder).as_posix(), path.stat().st_size if path.is_file() else -1)
        for path in folder.rglob("*")
    )


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made in `folder`, not even by root, within `refused`."""
    if os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"):
        pytest.skip("file modes do not bind us here")
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


# File modes do not bind root on Linux unless the process has lost a capability, CAP_DAC_OVERRIDE. So it is
# dropped (by PR_CAPBSET_DROP) before the program starts.
OBEYING_FILE_MODES = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def obeying(folder: Path, *arguments: str) -> Done:
    """Run `python -m sweep` as a process that file modes bind."""
    program = ["-m", "sweep", *arguments]
    if sys.platform == "linux" and os.geteuid() == 0:
        program = ["-c", OBEYING_FILE_MODES, sys.executable, *program]
    return python(folder, *program)


def refused(folder: Path, *arguments: str, run: Callable[..., Done] = run_cli) -> str:
    """Run a command that must be refused and change nothing; return its one line without 'error: '."""
    before = listing(folder)
    done = run(folder, *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert listing(folder) == before
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


@pytest.mark.part(1)
@pytest.mark.parametrize(
    "arguments", [["hiden=16"], ["-m", "optimizer=sgd,adm"], ["-m", "hidden=16,0", "hydra/launcher=basic"]]
)
def test_process_agrees(tmp_path: Path, arguments: list[str]) -> None:
    """A mistake reads the same from a real process as from within the tests' own."""

    def process(folder: Path, *arguments: str) -> Done:
        return python(folder, "-m", "sweep", *arguments)

    assert refused(tmp_path, *arguments, run=process) == refused(tmp_path, *arguments)


@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        ("hiden=16", "hiden: no such setting", "did you mean 'hidden'?"),
        ("+hiden=16", "hiden: no such setting", "did you mean 'hidden'?"),
        ("optimizer=adm", "optimizer=adm: must be one of adam, adamw, nesterov, ", "did you mean 'adam'?"),
        ("optimizer=null", "optimizer=null: must be one of adam, adamw, nesterov, rmsprop, sgd", ""),
        (
            "experiment=basics/optimisers",
            "experiment=basics/optimisers: must be one of",
            "basics/optimizers'?",
        ),
        ("lr=0.1", "lr: no such setting", "did you mean 'learning_rate'?"),
        ("dropout=0.5", "dropout: no such setting; there is no dropout", "is what there is"),
        (
            "optimizer=[sgd,adam]",
            "optimizer=[sgd,adam]: must be one of adam, ",
            "-m optimizer=sgd,adam, or grid: {product: {optimizer: [sgd, adam]}}",
        ),
        ("experiment=null", "experiment=null: must be one of basics/optimizers, ", ", or left out"),
        ("+experiment=null", "experiment=null: must be one of basics/optimizers, ", ", or left out"),
        ("-m experiment=null hidden=8,16", "experiment=null: must be one of basics/optimizers, ", ""),
        ("hidden=16 ~hidden", "~hidden: contradicts another hidden=...", "one of them must be left out"),
        ("~hidden hidden=16", "~hidden: contradicts another hidden=...", "one of them must be left out"),
        ("~seeds -m hidden=8,16 seeds=3", "~seeds: contradicts another seeds=...", ""),
        ("~hiden", "hiden: no such setting", "did you mean 'hidden'?"),
        ("activation=rleu", "activation=rleu: must be one of relu, ", "did you mean 'relu'?"),
        ("hidden=16,32", "hidden=16,32: several values need -m, and layers", "hidden=[16,32]"),
        ("loss=mse,rmse", "loss=mse,rmse: several values need -m", ""),
        ("epochs=ten", "epochs=ten: must be a whole number, at least 1", ""),
        ("learning_rate=-1", "learning_rate=-1.0: must be a number, above 0", ""),
        ("learning_rate=nan", "learning_rate=nan: must be a number, above 0", ""),
        ("lr=[1", "lr=[1: not understood", "must be key=value"),
        ("+=", "'+=': must be key=value", ""),  # found by fuzzing, as the next
        ("@=3", "'@=3': must be key=value", ""),
        ("activation='relu\n'", "activation=relu", ""),
        ("activation='[b]relu[/b]:a:'", "activation=[b]relu[/b]:a:: must be one of relu", ""),
        ("seeds=[0,3,0]", "seeds=[0,3,0]: seed 0 stands more than once", ""),
        ("regularization.strength=0.01", "regularization.strength=0.01: has no effect with", ""),
        ("-m optimizer=sgd,adam momentum=0,0.9", "momentum: has no effect with optimizer=adam, so", ""),
        (
            "-m optimizer=sgd,adam momentum=0,0.9 hydra/launcher=basic",
            "momentum: has no effect with optimizer=adam, so some cells are the same;",
            "has each cell once",
        ),
        ("-m hiden=16,32", "hiden: no such setting", "did you mean 'hidden'?"),
        ("-m hidden=16,0", "hidden=0: must be a whole number, at least 1", ""),
        ("-m hidden=16,0 hydra/launcher=basic", "hidden=0: must be a whole number, at least 1", ""),
        (
            "-m optimizer=sgd,adm",
            "optimizer=adm: must be one of adam, adamw, nesterov, ",
            "did you mean 'adam'?",
        ),
        ("-m epochs=1,null", "epochs=null: must be a whole number, at least 1", ""),
        ("-m data.train_size=100,60000", "data.train_size=60000, data.validation_size=5000", ""),
    ],
)
def test_mistake_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: str, start: str, end: str) -> None:
    line = refused(tmp_path, *arguments.split(" "))
    assert line.startswith(start)
    assert line.endswith(end)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("experiment=hiden", ["hiden: no such setting (in experiment/hiden.yaml); did you mean 'hidden'?"]),
        ("experiment=axis", ["hiden: no such setting; did you mean 'hidden'?"]),
        (
            "-m seeds=1,2 experiment=option",
            ["optimizer=adm: must be one of adam, adamw,", "did you mean 'adam'?"],
        ),
        ("experiment=part", ["grid.prodct: must be one of product, zip, union"]),
        ("-m seeds=1,2 experiment=text", ["grid=all: must be a mapping"]),
        ("experiment=yaml", ["yaml.yaml", "line "]),
        (
            "experiment=listed",
            [
                "momentum=[0,0.9] (in experiment/listed.yaml): must be a number, at least 0, below 1;",
                "grid: {product: {momentum: [0, 0.9]}}",
            ],
        ),
        ("experiment=choices", ["activation=[relu,tanh] (in", "grid: {product: {activation: [relu, tanh]}}"]),
        ("experiment=group", ["optimizer=[sgd,adam] (in", "grid: {product: {optimizer: [sgd, adam]}}"]),
        ("experiment=word", ["momentum=much (in experiment/word.yaml): must be a number"]),
        ("-m experiment=fine,axs", ["experiment=axs: must be one of axis, ", "did you mean 'axis'?"]),
    ],
)
def test_mistake_in_an_experiment_is_one_line(tmp_path: Path, arguments: str, words: list[str]) -> None:
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    for experiment, content in EXPERIMENTS.items():
        (folder / f"{experiment}.yaml").write_text(f"# @package _global_\n{content}")
    line = refused(tmp_path, *arguments.split(" "))
    assert all(word in line for word in words), line


@pytest.mark.parametrize("content", ["", "hidden: 16\n"])
def test_experiment_without_its_first_line(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(content)
    expected = "experiment (in experiment/mine.yaml): the first line of its file must be # @package _global_"
    assert refused(tmp_path, "experiment=mine") == expected


def test_missing_data_folder(tmp_path: Path) -> None:
    assert refused(tmp_path, "data=idx", "data.root=nowhere") == "data.root=nowhere: no such folder"


def test_truncated_data_file(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MNIST_FOLDER, tmp_path / "digits"))
    zipped = folder / "t10k-images-idx3-ubyte.gz"
    whole = gzip.decompress(zipped.read_bytes())
    zipped.write_bytes(gzip.compress(whole[:-1], compresslevel=1))
    line = refused(tmp_path, "-m", "hidden=16,32", "data=idx", "data.root=digits")
    assert line.startswith("digits/t10k-images-idx3-ubyte.gz: truncated")
    assert str(len(whole)) in line


def test_file_where_results_belong(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("precious")
    assert refused(tmp_path, "-m", "hidden=16,32").startswith("results=results: ")
    assert (tmp_path / "results").read_text() == "precious"


@pytest.mark.parametrize(("mode", "name"), [([], "outputs"), (["-m", "hidden=16,32"], "multirun")])
def test_file_where_output_belongs(tmp_path: Path, mode: list[str], name: str) -> None:
    (tmp_path / name).write_text("precious")
    assert name in refused(tmp_path, *mode)
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize(("mode", "results"), [([], "locked"), (["-m", "hidden=16,32"], "locked/new")])
def test_read_only_results(tmp_path: Path, mode: list[str], results: str) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    with read_only(locked):
        line = refused(tmp_path, *mode, f"results={results}", run=obeying)
    assert line.startswith(f"results={results}: ")
    assert "read-only" in line


@pytest.mark.parametrize(("mode", "name"), [([], "outputs"), (["-m", "hidden=16,32"], "multirun")])
def test_read_only_working_folder(tmp_path: Path, mode: list[str], name: str) -> None:
    (tmp_path / "results").mkdir()
    with read_only(tmp_path):
        line = refused(tmp_path, *mode, run=obeying)
    assert name in line
    assert "Permission denied" in line
