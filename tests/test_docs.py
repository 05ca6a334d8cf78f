"""The pages for people: every file, module and name of the package that they mention exists."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from sweep.config.extensions import ENTRY_POINTS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

PATH = re.compile(r"(?<![\w./-])(?:src|tests|benchmarks|docs|conf)/[\w./-]*\w")
SHORT_PATH = re.compile(r"`([\w-]+/[\w/-]+\.py)`")  # within src/sweep, or from the root
LINK = re.compile(r"\]\(([^)#:]+)\)")
NAME = re.compile(r"(?<![\w./-])sweep(?:\.[A-Za-z_]\w*)+(?![\w/])")


def missing(page: str, folder: Path) -> list[str]:
    """Return the files and names that a page in this folder mentions and that do not exist."""
    files = {path for path in PATH.findall(page) if not (ROOT / path).exists()}
    files |= {path for path in SHORT_PATH.findall(page) if not _in_package_or_root(path)}
    files |= {path for path in LINK.findall(page) if not (folder / path).exists()}
    # The group of entry points is a name for packages, not a module.
    names = {name for name in NAME.findall(page) if name != ENTRY_POINTS and not is_there(name)}
    return sorted(files | names)


def _in_package_or_root(path: str) -> bool:
    return (ROOT / path).is_file() or (ROOT / "src" / "sweep" / path).is_file()


def is_there(name: str) -> bool:
    """Return True if a dotted name is that of a module, or of something in one."""
    module, *rest = name.split(".")
    while rest and _is_module(f"{module}.{rest[0]}"):
        module = f"{module}.{rest.pop(0)}"
    if not rest:
        return True  # not imported: sweep.compare is the entry of a command, and refuses that
    owner = importlib.import_module(module)
    for part in rest:
        if not hasattr(owner, part):
            return False
        owner = getattr(owner, part)
    return True


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module without others in it
        return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_mentions_existing_things(page: Path) -> None:
    assert missing(page.read_text(encoding="utf-8"), page.parent) == []


def test_missing_things_are_noticed() -> None:
    page = (
        "`src/sweep/nn/losses.py`, `src/sweep/nn/kernels.py`, `nn/tiles.py`, `config/cell.py`, tests/nn,"
        " docs/none.md, `sweep.load()`, `sweep.nn.losses.Loss`, sweep.nn.losses.Lost,"
        " `sweep.nn.kernels`, python -m sweep.compare, [records](records.md), [why](statistics.md),"
        " hydra.sweep.dir, sweep.extensions"
    )
    assert missing(page, ROOT / "docs") == [
        "docs/none.md",
        "nn/tiles.py",
        "records.md",
        "src/sweep/nn/kernels.py",
        "sweep.nn.kernels",
        "sweep.nn.losses.Lost",
    ]
