"""Names that no file can have, wherever a command takes one: one line, before anything is trained."""

import os
import sys
from pathlib import Path

import pytest
from tests.processes import python
from tests.reliability.scale import Count, scaled

import sweep
from sweep.core.errors import SettingError, StoreError
from sweep.runner.shared_data import locked_folder
from sweep.store import layout

LONG = "a" * 300
SMALL = ["hidden=4", "epochs=1", "seeds=1", "data.train_size=50", "parallel=serial", "figures=false"]
COMMANDS = [
    ["sweep", *SMALL, f"results={LONG}"],
    ["sweep.compare", LONG],
    ["sweep.reproduce", "wei", "--scale", "smoke", "--reports", LONG],
    ["sweep", *SMALL, "results=/proc/x"],
    ["sweep", *SMALL, f"experiment={LONG}"],
    ["sweep", *SMALL, "data=idx", f"data.root={LONG}"],
    ["sweep", *SMALL, f"hydra.run.dir={LONG}"],
    ["sweep", "-m", *SMALL, f"hydra.sweep.dir={LONG}"],
    ["sweep", *SMALL, "hydra.run.dir=/proc/x"],
    ["sweep.variance", *SMALL, f"results={LONG}"],
    ["sweep.report", LONG],
    ["sweep.report", "wei", "--reports", LONG],
    ["sweep.reproduce", LONG],
    ["sweep.reproduce", "wei", "--scale", "smoke", "--results", LONG],
    ["sweep.compare", f"hidden={LONG}"],
]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@scaled("commands", COMMANDS[:2], COMMANDS)
def test_impossible_names(tmp_path: Path, count: Count, commands: list[list[str]]) -> None:
    """An impossible file name on the command line is a one-line error."""
    for command in commands:
        done = python(tmp_path, "-m", *command)
        assert done.returncode == 2, command
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert not [file.name for file in tmp_path.iterdir() if file.name != ".matplotlib"], command
    count("names that no file can have", tried=len(commands), traceback=0)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("name", [LONG, f"new/{LONG}", "/proc/x", "/proc/x/y", "/dev/null", "/dev/null/x"])
def test_results_not_writable(name: str) -> None:
    """A results folder that cannot be written is refused."""
    with pytest.raises(StoreError, match="results="):
        layout.check_writable(Path(name))


def test_check_writable_leaves_nothing(tmp_path: Path) -> None:
    """The check for a writable results folder leaves nothing."""
    layout.check_writable(tmp_path / "new" / "results")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [LONG, "a\0b", "/dev/null/x", "/dev/zero"])
def test_load_impossible_names(name: str) -> None:
    """Loading from an impossible path is an error."""
    with pytest.raises(StoreError):
        sweep.load(name)


@pytest.mark.parametrize(
    "group", ["optimizer", "regularization", "schedule", "parallel", "data", "experiment"]
)
def test_long_option_names(group: str) -> None:
    """An option with a very long name is a short error."""
    with pytest.raises(SettingError) as caught:
        sweep.run({group: LONG * 30, "dry_run": True})
    assert len(str(caught.value)) < 5000


@pytest.mark.skipif(os.name != "posix", reason="sparse files")
def test_huge_sparse_record(tmp_path: Path) -> None:
    """A sparse file of a terabyte is not read."""
    file = layout.record_path(tmp_path, "0" * 16, 0)
    file.parent.mkdir()
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(StoreError, match="holds more than"):
        sweep.load(tmp_path)


@pytest.mark.parametrize("key", ["results", "name", "data.label"])
def test_null_character(key: str) -> None:
    """A name with a null character is refused."""
    with pytest.raises(SettingError, match=rf"{key}=a\\x00b"):
        sweep.run({key: "a\0b", "dry_run": True})


STRANGE = ["99999999999999999999-x", "²-x", "x" * 240, "\x1b[2J", "-1", "0", ""]


@pytest.mark.skipif(os.name != "posix", reason="names with characters of control")
def test_strange_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strange files in the temporary folder do not stop a sweep, and are not touched."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for number, name in enumerate(STRANGE):
        (tmp_path / f"sweep-data-{name}").mkdir()
        lock = tmp_path / f"sweep-data-{name}" / "lock"
        if number % 3 == 0:
            os.mkfifo(lock)
        elif number % 3 == 1:
            lock.symlink_to(lock.name)
    (tmp_path / "sweep-data-file").write_text("precious")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    (tmp_path / "sweep-data-link").symlink_to(precious, target_is_directory=True)
    with locked_folder("sweep-data-") as folder:
        assert folder.is_dir()
    assert (precious / "lock").is_file()
    assert (tmp_path / "sweep-data-file").read_text() == "precious"
