"""Files and functions of a good size. Exceptions have a reason in pyproject.toml, [tool.sweep.sizes].

A file over 400 lines tells more than one story. A file under 60 lines with a single importer belongs to that
importer. A function has at most 40 lines.
"""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "benchmarks")
MOST_LINES, LEAST_LINES, MOST_FUNCTION_LINES = 400, 60, 40
LONG, THIN = "too long; split it, or give the reason", "too thin; join it with {}, or give the reason"


def offences(root: Path) -> dict[str, str]:
    """Return what is wrong with each `path` or `path:function`; a method is `path:Class.method`."""
    files = {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for folder in FOLDERS
        for file in (root / folder).rglob("*.py")
    }
    importers = importers_of(files)
    wrong = {}
    for name, text in files.items():
        lines = len(text.splitlines())
        if lines > MOST_LINES:
            wrong[name] = LONG
        if lines < LEAST_LINES and len(importers[name]) == 1 and not Path(name).stem.startswith("__"):
            wrong[name] = THIN.format(*importers[name])
        for function, length in functions(ast.parse(text)):
            if length > MOST_FUNCTION_LINES:
                wrong[f"{name}:{function}"] = LONG
    return wrong


def importers_of(files: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the files that import each file; an import inside a function is one, too."""
    modules = {module_name(name): name for name in files}
    importers: dict[str, set[str]] = {name: set() for name in files}
    for name, text in files.items():
        for node in ast.walk(ast.parse(text)):
            imported = {modules[module] for module in imported_names(node) if module in modules}
            for file in imported - {name}:
                importers[file].add(name)
    return importers


def module_name(path: str) -> str:
    """Return the dotted name of a module from its path below the root."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that an import statement may import as modules."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(node: ast.AST, outer: str = "") -> Iterator[tuple[str, int]]:
    """Yield every function below a node: its qualified name, and its lines from `def` to its end."""
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{child.name}".removeprefix(".")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, (child.end_lineno or child.lineno) - child.lineno + 1
        yield from functions(child, name)


def complaints(wrong: Mapping[str, str], exceptions: Mapping[str, str]) -> list[str]:
    """Return one line for each offence without an exception, and each exception that is not needed."""
    return [
        *(f"{name}: {wrong[name]}" for name in sorted(wrong.keys() - exceptions.keys())),
        *(
            f"{name}: of a good size; remove its exception"
            for name in sorted(exceptions.keys() - wrong.keys())
        ),
        *(f"{name}: needs a reason" for name in sorted(exceptions) if not exceptions[name].strip()),
    ]


def test_sizes_of_files_and_functions() -> None:
    """Only exceptions with a reason are too long or too thin, and all exceptions are."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert complaints(offences(ROOT), settings["tool"]["sweep"]["sizes"]) == []


@pytest.mark.parametrize(("lines", "names"), [(40, set()), (41, {"src/a.py:Kind.method"})])
def test_lines_of_a_function(tmp_path: Path, lines: int, names: set[str]) -> None:
    """They are counted from `def`, without decorators, to the end."""
    (tmp_path / "src").mkdir()
    body = "        pass\n" * (lines - 1)
    text = f"class Kind:\n    @staticmethod\n    def method() -> None:\n{body}\n\nafter = 1\n"
    (tmp_path / "src" / "a.py").write_text(text)
    assert offences(tmp_path).keys() == names


def test_long_files_and_wrong_exceptions(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    for name, lines in (("fits", 400), ("long", 401)):
        (tmp_path / "benchmarks" / f"{name}.py").write_text("pass\n" * lines)
    wrong = offences(tmp_path)
    assert wrong == {"benchmarks/long.py": LONG}
    assert complaints(wrong, {"benchmarks/long.py": "one table"}) == []
    assert complaints(wrong, {"benchmarks/fits.py": " "}) == [
        "benchmarks/long.py: too long; split it, or give the reason",
        "benchmarks/fits.py: of a good size; remove its exception",
        "benchmarks/fits.py: needs a reason",
    ]


@pytest.mark.parametrize(
    ("text", "thin"),
    [
        ("from pack import small\n", True),
        ("from pack.small import x\n", True),
        ("def f():\n    import pack.small\n", True),
        ("from pack.other import small\n", False),
    ],
)
def test_thin_files_join_their_only_importer(tmp_path: Path, text: str, thin: bool) -> None:
    """A file of 59 lines is thin with one importer, and fine with none or two; one of 60 is fine."""
    folder = tmp_path / "src" / "pack"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "small.py").write_text("x = 1\n" * 59)
    assert offences(tmp_path) == {}
    (folder / "big.py").write_text(text + "pass\n" * 60)
    expected = {"src/pack/small.py": THIN.format("src/pack/big.py")}
    assert offences(tmp_path) == (expected if thin else {})
    (folder / "second.py").write_text(text + "pass\n" * 60)
    assert offences(tmp_path) == {}
    (folder / "second.py").unlink()
    (folder / "small.py").write_text("x = 1\n" * 60)
    assert offences(tmp_path) == {}
