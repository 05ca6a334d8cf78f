"""Text files are UTF-8 with plain line ends, whatever the locale of the machine."""

import ast
import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
# What reads or writes text in the locale's encoding unless it is told another.
OPENERS = ("open", "read_text", "write_text", "to_csv", "to_markdown", "to_latex", "to_json", "fdopen")
WRITERS = {"write_text": "newline", "to_csv": "lineterminator"}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def binary(call: ast.Call) -> bool:
    """Whether a file is opened for bytes, or by its descriptor."""
    values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [value.value for value in values if isinstance(value, ast.Constant)]
    return any(isinstance(mode, str) and "b" in mode for mode in modes)


def to_a_file(name: str, call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "open":
        return not binary(call) and getattr(owner, "id", "") not in ("os", "gzip")
    return name != "to_csv" or bool(call.args)


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE)))
def test_every_text_file_is_opened_as_utf8(file: Path) -> None:
    for name, call in calls(ast.parse(file.read_text(encoding="utf-8"))):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name in OPENERS and to_a_file(name, call):
            assert given.get("encoding") == "'utf-8'", f"{file.name}:{call.lineno}"
            if name in WRITERS:
                assert given.get(WRITERS[name]) == r"'\n'", f"{file.name}:{call.lineno}"
        # Text of another process would be decoded as the locale says.
        assert given.get("text") != "True", f"{file.name}:{call.lineno}"


@pytest.mark.slow
def test_the_main_job_without_a_utf8_locale(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "MPLCONFIGDIR": str(tmp_path / ".m")}
    environment.pop("PYTHONIOENCODING", None)
    sizes = ("data.train_size=800", "data.validation_size=100", "data.test_size=200", "epochs=1", "seeds=2")
    command = [sys.executable, "-m", "sweep", "-m", "hidden=8,16", *sizes, "hydra.sweep.dir='öfter'"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert b"4 of 4 trials trained" in done.stdout
    output = tmp_path / "öfter"
    for name in ("summary.md", "summary.tex", "summary.csv"):
        content = (output / name).read_bytes()
        assert b"\r" not in content
        content.decode("utf-8")
    assert " ± " in (output / "summary.md").read_text(encoding="utf-8")
    with (output / "summary.csv").open(encoding="utf-8") as file:
        assert [row["hidden"] for row in csv.DictReader(file)] == ["8", "16"]
    assert (output / "figures" / "accuracy_by_hidden.png").is_file()
