"""Names that no file can have, wherever a command takes one: one line, before anything is trained."""

import os
import sys
from pathlib import Path

import pytest
from tests.processes import python
from tests.reliability.scale import Count, scaled

import sweep
from sweep.core.errors import SettingError, StoreError
from sweep.runner.shared_data import held_folder
from sweep.store import layout

LONG = "a" * 300
SMALL = ["hidden=4", "epochs=1", "seeds=1", "data.train_size=50", "parallel=serial", "figures=false"]
COMMANDS = [
    ["sweep", *SMALL, f"results={LONG}"],
    ["sweep.cli.compare", LONG],
    ["sweep.cli.reproduce", "wei", "--scale", "smoke", "--reports", LONG],
    ["sweep", *SMALL, "results=/proc/x"],
    ["sweep", *SMALL, f"experiment={LONG}"],
    ["sweep", *SMALL, "data=idx", f"data.root={LONG}"],
    ["sweep", *SMALL, f"hydra.run.dir={LONG}"],
    ["sweep", "-m", *SMALL, f"hydra.sweep.dir={LONG}"],
    ["sweep", *SMALL, "hydra.run.dir=/proc/x"],
    ["sweep.cli.variance", *SMALL, f"results={LONG}"],
    ["sweep.cli.papers", LONG],
    ["sweep.cli.papers", "wei", "--reports", LONG],
    ["sweep.cli.reproduce", LONG],
    ["sweep.cli.reproduce", "wei", "--scale", "smoke", "--results", LONG],
    ["sweep.cli.compare", f"hidden={LONG}"],
]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@scaled("commands", COMMANDS[:2], COMMANDS)
def test_a_name_that_cannot_be_is_one_line(tmp_path: Path, count: Count, commands: list[list[str]]) -> None:
    for command in commands:
        done = python(tmp_path, "-m", *command)
        assert done.returncode == 2, command
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert not [file.name for file in tmp_path.iterdir() if file.name != ".matplotlib"], command
    count("names that no file can have", tried=len(commands), traceback=0)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("name", [LONG, f"new/{LONG}", "/proc/x", "/proc/x/y", "/dev/null", "/dev/null/x"])
def test_results_that_cannot_be_written_are_refused(name: str) -> None:
    with pytest.raises(StoreError, match="results="):
        layout.check_writable(Path(name))


def test_asking_whether_results_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    layout.check_writable(tmp_path / "new" / "results")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [LONG, "a\0b", "/dev/null/x", "/dev/zero"])
def test_records_that_cannot_be_read_are_refused(name: str) -> None:
    with pytest.raises(StoreError):
        sweep.load(name)


@pytest.mark.parametrize(
    "group", ["optimizer", "regularization", "schedule", "parallel", "data", "experiment"]
)
def test_an_option_with_a_long_name_is_one_line(group: str) -> None:
    with pytest.raises(SettingError) as caught:
        sweep.run({group: LONG * 30, "dry_run": True})
    assert len(str(caught.value)) < 5000


@pytest.mark.skipif(os.name != "posix", reason="sparse files")
def test_a_record_that_is_said_to_be_huge_is_not_read(tmp_path: Path) -> None:
    file = layout.path(tmp_path, "0" * 16, 0)
    file.parent.mkdir()
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(StoreError, match="holds more than"):
        sweep.load(tmp_path)


@pytest.mark.parametrize("key", ["results", "name", "data.label"])
def test_a_name_has_no_null_character(key: str) -> None:
    with pytest.raises(SettingError, match=rf"{key}=a\\x00b"):
        sweep.run({key: "a\0b", "dry_run": True})


STRANGE = ["99999999999999999999-x", "²-x", "x" * 240, "\x1b[2J", "-1", "0", ""]


@pytest.mark.skipif(os.name != "posix", reason="names with characters of control")
def test_what_lies_in_the_temporary_folder_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    with held_folder("sweep-data-") as folder:
        assert folder.is_dir()
    assert (precious / "lock").is_file()
    assert (tmp_path / "sweep-data-file").read_text() == "precious"
