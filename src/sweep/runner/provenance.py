"""The provenance of a record: code, packages and machine."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

PACKAGES = ("sweep", "numpy", "scipy", "hydra-core", "joblib", "pyarrow")


def provenance() -> dict[str, Any]:
    """Return the code, packages and machine behind the records that this process and its workers write."""
    return {
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **revision(Path(__file__).parents[3]),
    }


@cache
def libraries() -> ThreadpoolController:
    """Return the threaded libraries that this process has loaded; cached, as finding them takes time."""
    return ThreadpoolController()


def blas() -> list[dict[str, Any]]:
    """Return the BLAS libraries that this process has loaded: kernel, version and number of threads."""
    return [
        {
            "library": library["internal_api"],
            "version": library["version"],
            "kernel": library.get("architecture"),
            "threads": library["num_threads"],
        }
        for library in libraries().info()
        if library["user_api"] == "blas"
    ]


def revision(folder: Path) -> dict[str, Any]:
    """Return the git revision of the checkout whose root is `folder`, and if files in it were changed.

    Both are None if `folder` is not the root of a checkout: an installed package has no revision, even if it
    lies somewhere inside a user's repository.
    """
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None or Path(root) != folder.resolve():
        return {"revision": None, "dirty": None}
    return {
        "revision": _git(folder, "rev-parse", "HEAD"),
        "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no")),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None
