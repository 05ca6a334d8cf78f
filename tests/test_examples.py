"""The examples in the docstrings of what notebooks call, run as they stand."""

import ast
import doctest
import shutil
from pathlib import Path

import pytest

import sweep

CALLS = ("run", "load", "curves", "compare", "train")


def example(name: str) -> doctest.DocTest:
    """The example in the docstring of a call of `sweep`, from its source.

    Not from the call itself: once the command of that name is imported, `sweep.cli.compare` is its module.
    """
    file = sweep.__file__
    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            text = ast.get_docstring(node) or ""
            found = doctest.DocTestParser().get_doctest(text, {}, name, file, node.lineno)
            assert found.examples
            return found
    raise LookupError(name)


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
def test_example_prints_what_it_says(
    name: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    if name != "run":  # has been run on an empty folder
        assert failures(name) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_public_functions_have_examples() -> None:
    # Those of `register` stand in docs/extending.md; tests/extending runs them.
    assert {"__version__", "register", *CALLS} == set(sweep.__all__)
