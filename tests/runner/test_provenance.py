"""Where a record says that it comes from."""

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


def test_a_checkout_has_its_revision_and_says_whether_it_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("one\n")
    git(tmp_path, "init")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "one")
    expected = git(tmp_path, "rev-parse", "HEAD")
    assert revision(tmp_path) == {"revision": expected, "dirty": False}
    file.write_text("two\n")
    assert revision(tmp_path) == {"revision": expected, "dirty": True}


def test_a_package_that_lies_in_somebodys_repository_has_no_revision(tmp_path: Path) -> None:
    git(tmp_path, "init")
    inside = tmp_path / "venv" / "lib"
    inside.mkdir(parents=True)
    assert revision(inside) == {"revision": None, "dirty": None}


def test_records_of_a_checkout_name_its_revision() -> None:
    root = Path(sweep.__file__).parents[2]
    expected = git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    assert provenance()["revision"] == expected
