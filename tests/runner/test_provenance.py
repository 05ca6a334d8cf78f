"""The provenance of a record."""

import subprocess
from pathlib import Path

import sweep
from sweep.runner.provenance import provenance, revision


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_revision_of_checkout(tmp_path: Path) -> None:
    """A checkout has its revision, and tells if it was changed."""
    file = tmp_path / "code.py"
    file.write_text("one\n")
    git(tmp_path, "init")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "one")
    expected = git(tmp_path, "rev-parse", "HEAD")
    assert revision(tmp_path) == {"revision": expected, "dirty": False}
    file.write_text("two\n")
    assert revision(tmp_path) == {"revision": expected, "dirty": True}


def test_revision_of_installed_package(tmp_path: Path) -> None:
    """A package that is installed inside a user's repository has no revision."""
    git(tmp_path, "init")
    inside = tmp_path / "venv" / "lib"
    inside.mkdir(parents=True)
    assert revision(inside) == {"revision": None, "dirty": None}


def test_provenance_of_checkout() -> None:
    """Records of a checkout name its revision."""
    root = Path(sweep.__file__).parents[2]
    expected = git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    assert provenance()["revision"] == expected
