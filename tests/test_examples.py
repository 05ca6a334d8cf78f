"""The examples in the docstrings of what notebooks call, run as they stand."""

import doctest
import shutil
from pathlib import Path

import pytest

import sweep

CALLS = ("run", "load", "curves", "compare", "train")


def example(name: str) -> doctest.DocTest:
    """The example in the docstring of a call of `sweep`."""
    (found,) = doctest.DocTestFinder(recurse=False).find(getattr(sweep, name), name, globs={})
    assert found.examples
    return found


def failures(name: str) -> str:
    """What the example of a call prints that it does not say it prints."""
    lines: list[str] = []
    doctest.DocTestRunner().run(example(name), out=lines.append)
    return "".join(lines)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example of `run` has been run."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert failures("run") == ""
    return folder


@pytest.mark.parametrize("name", CALLS)
def test_an_example_prints_what_it_says(
    name: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    if name != "run":  # has been run on an empty folder
        assert failures(name) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_every_public_call_has_an_example() -> None:
    assert {"__version__", *CALLS} == set(sweep.__all__)
