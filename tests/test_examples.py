"""The examples in the docstrings of what notebooks call, run as they stand."""

import doctest
import inspect
import shutil
from pathlib import Path

import pytest

import sweep

CALLS = ("run", "load", "curves", "compare", "train")


def failures(name: str) -> str:
    """Run the example of a public function, and return what it prints against its promise."""
    text, lines = inspect.getdoc(getattr(sweep, name)) or "", list[str]()
    example = doctest.DocTestParser().get_doctest(text, {}, name, sweep.__file__, 0)
    assert example.examples
    doctest.DocTestRunner().run(example, out=lines.append)
    return "".join(lines)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the example of `run` has been run."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert failures("run") == ""
    return folder


@pytest.mark.parametrize("name", CALLS)
def test_example_prints_what_it_says(
    name: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    if name != "run":  # has been run on an empty folder
        assert failures(name) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_public_functions_have_examples() -> None:
    """Those of `register` are in docs/extending.md; tests/extending runs them."""
    assert {"__version__", "register", *CALLS} == set(sweep.__all__)
