"""Plain English, as far as a test can hold it: first words of docstrings, and names that say what they hold.

A function's docstring begins with a verb in the imperative (Return, Load, Check), not with "Returns", a
question word, an article or a condition. A variable is called what it holds (`matches`, `cells`), not how it
came about.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
QUESTIONS = {"What", "Which", "How", "Whether", "That", "Where"}
NO_VERBS = QUESTIONS | {
    *("The", "A", "An", "This", "These", "Those", "It", "Its", "Their", "One", "Two", "Some", "All", "Each"),
    *("Every", "No", "None", "Not", "Only", "True", "False", "If", "As", "When", "In", "Of", "On", "With"),
    *("Without", "By", "From", "At", "For", "To"),
}
BANNED = {"found", "own", "each", "given", "wanted", "known", "there", "made", "kept", "place"}


def offences(text: str) -> list[str]:
    """Return one line for each docstring and each name in a source text that breaks a rule."""
    return sorted(line for node in ast.walk(ast.parse(text)) for line in (*_docstring(node), *_names(node)))


def _docstring(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        name, forbidden = node.name, NO_VERBS
    elif isinstance(node, ast.ClassDef):
        name, forbidden = node.name, QUESTIONS
    elif isinstance(node, ast.Module):
        name, forbidden = "the module", QUESTIONS
    else:
        return
    text = ast.get_docstring(node) or ""
    first = text.split()[0].rstrip(",:;.") if text else ""
    # A verb that ends in s is no imperative, but for Pass, Process and the like.
    no_verb = first.startswith("`") or (first.endswith("s") and not first.endswith("ss"))
    if first in forbidden or (forbidden is NO_VERBS and no_verb):
        yield f"{name}: its docstring begins with {first}"
    if "\n\n[" in text:
        yield f"{name}: its docstring has parts in brackets"


def _names(node: ast.AST) -> Iterator[str]:
    """Yield a line for each banned name that a node binds."""
    bound: list[str] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        bound.append(node.name)
    elif isinstance(node, ast.arg):
        bound.append(node.arg)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        bound.append(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        bound.append(node.attr)
    elif isinstance(node, ast.alias) and node.asname:
        bound.append(node.asname)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        bound.append(node.name)
    yield from (f"{name}: says how it came about, not what it holds" for name in bound if name in BANNED)


@pytest.mark.parametrize(
    "file", sorted(SOURCE.rglob("*.py")), ids=lambda file: file.relative_to(SOURCE).as_posix()
)
def test_docstrings_and_names_are_plain(file: Path) -> None:
    assert offences(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('def f():\n    """Return it."""\n', []),
        ('def f():\n    """The value."""\n', ["f: its docstring begins with The"]),
        ('def f():\n    """`x` and y."""\n', ["f: its docstring begins with `x`"]),
        ('def f():\n    """Returns it."""\n', ["f: its docstring begins with Returns"]),
        ('def f():\n    """Pass it on."""\n', []),
        ('class K:\n    """The value."""\n', []),
        ('class K:\n    """What it is."""\n', ["K: its docstring begins with What"]),
        ('"""How it goes."""\n', ["the module: its docstring begins with How"]),
        ('"""One.\n\n[two] Three.\n"""\n', ["the module: its docstring has parts in brackets"]),
        ("found = 1\n", ["found: says how it came about, not what it holds"]),
        ("def f(given): ...\n", ["given: says how it came about, not what it holds"]),
        ("x = [own for own in y]\n", ["own: says how it came about, not what it holds"]),
        ("for each in x: ...\n", ["each: says how it came about, not what it holds"]),
        ("with x as made: ...\n", ["made: says how it came about, not what it holds"]),
        ("def kept(): ...\n", ["kept: says how it came about, not what it holds"]),
        ("class K:\n    own: int = 0\n", ["own: says how it came about, not what it holds"]),
        ("x.place = 1\n", ["place: says how it came about, not what it holds"]),
        ("import a as known\n", ["known: says how it came about, not what it holds"]),
        ("print(found, x.own, f(given=1))\n", []),  # used, not bound
    ],
)
def test_offences_of_a_text(text: str, expected: list[str]) -> None:
    assert offences(text) == expected
