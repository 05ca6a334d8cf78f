"""A file over 400 lines or a function over 40 has a reason in pyproject.toml, under [tool.sweep.sizes]."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "benchmarks")
MOST_LINES, MOST_FUNCTION_LINES = 400, 40


def too_long(root: Path) -> set[str]:
    """Files and functions over their limit: `path`, or `path:function`, a method as `path:Class.method`."""
    found = set()
    for file in (file for folder in FOLDERS for file in (root / folder).rglob("*.py")):
        text, name = file.read_text(encoding="utf-8"), file.relative_to(root).as_posix()
        if len(text.splitlines()) > MOST_LINES:
            found.add(name)
        for function, lines in functions(ast.parse(text)):
            if lines > MOST_FUNCTION_LINES:
                found.add(f"{name}:{function}")
    return found


def functions(node: ast.AST, within: str = "") -> Iterator[tuple[str, int]]:
    """Every function below a node by its qualified name, with the lines from `def` to its end."""
    for child in ast.iter_child_nodes(node):
        name = within
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}.{child.name}".removeprefix(".")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, (child.end_lineno or child.lineno) - child.lineno + 1
        yield from functions(child, name)


def complaints(found: set[str], declared: Mapping[str, str]) -> list[str]:
    """What is wrong with the exceptions declared for what was found, one line each."""
    return [
        *(f"{name}: too long; split it, or give the reason" for name in sorted(found - declared.keys())),
        *(f"{name}: short enough; remove its exception" for name in sorted(declared.keys() - found)),
        *(f"{name}: needs a reason" for name in sorted(declared) if not declared[name].strip()),
    ]


def test_what_is_long_has_a_reason_and_what_has_a_reason_is_long() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert complaints(too_long(ROOT), settings["tool"]["sweep"]["sizes"]) == []


@pytest.mark.parametrize(("lines", "long"), [(40, set()), (41, {"src/a.py:Kind.method"})])
def test_the_lines_of_a_function_are_counted_from_def_to_its_end(
    tmp_path: Path, lines: int, long: set[str]
) -> None:
    (tmp_path / "src").mkdir()
    body = "        pass\n" * (lines - 1)
    text = f"class Kind:\n    @staticmethod\n    def method() -> None:\n{body}\n\nafter = 1\n"
    (tmp_path / "src" / "a.py").write_text(text)
    assert too_long(tmp_path) == long


def test_the_lines_of_a_file_are_counted_and_each_mistake_is_told(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    for name, lines in (("fits", 250), ("long", 251)):
        (tmp_path / "benchmarks" / f"{name}.py").write_text("pass\n" * lines)
    found = too_long(tmp_path)
    assert found == {"benchmarks/long.py"}
    assert complaints(found, {"benchmarks/long.py": "one table"}) == []
    assert complaints(found, {"benchmarks/fits.py": " "}) == [
        "benchmarks/long.py: too long; split it, or give the reason",
        "benchmarks/fits.py: short enough; remove its exception",
        "benchmarks/fits.py: needs a reason",
    ]
