"""Provenance: the code, packages and machine behind a record, and the sweeps that run in a store.

A running sweep is a file `<results>/.running/<number>.json`, locked while its process lives.
"""

import getpass
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from threadpoolctl import ThreadpoolController

from sweep.system import files

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
    # A git that is missing or hangs must not stop a sweep: the record then has no revision.
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # A path need not be valid UTF-8.
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None


FOLDER = ".running"


@dataclass(frozen=True)
class RunningSweep:
    """A process that trains: its host, number and user, its beginning, and the trials it set out to train.

    `command` is the module that was started, without its arguments, which may hold anything; `experiment` and
    `name` are those of the sweep.
    """

    host: str
    process: int
    user: str
    began: str
    trials: int
    command: str
    experiment: str | None
    name: str | None


@contextmanager
def mark_running(
    results: Path, trials: int, *, experiment: str | None = None, name: str | None = None
) -> Iterator[None]:
    """Show others that this process trains this number of trials in a store, while the block runs.

    Marks of killed processes are removed. A folder that cannot be written to, or has no locks, gets no mark.
    """
    folder = results / FOLDER
    sweep = RunningSweep(
        host=platform.node(),
        process=os.getpid(),
        user=_user(),
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=trials,
        command=_command(),
        experiment=experiment,
        name=name,
    )
    with ExitStack() as mark:
        with suppress(OSError):
            for file in folder.glob("*.json"):
                files.remove_if_unlocked(file)
            # Not the process number: two containers that share the folder may have the same one.
            file, content = folder / f"{uuid4().hex}.json", json.dumps(asdict(sweep), indent=1)
            mark.enter_context(files.locked_file(file, content))
        yield


def running_sweeps(results: Path) -> list[RunningSweep]:
    """Return the sweeps that are running in a store, in the order in which they began; skip foreign files."""
    sweeps = (_read(file) for file in (results / FOLDER).glob("*.json"))
    # As text, because a foreign file may hold anything there, and unlike types cannot be sorted.
    return sorted((sweep for sweep in sweeps if sweep is not None), key=lambda sweep: str(sweep.began))


def _read(file: Path) -> RunningSweep | None:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        if file.is_file() and not files.is_unlocked(file):  # opening a pipe would wait
            return RunningSweep(**json.loads(file.read_bytes()))
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have numbers without names
        return str(os.getuid()) if hasattr(os, "getuid") else "?"


def _command() -> str:
    """Return `python -m sweep`, or the module that was started; `python` in a notebook or a script."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    module = "" if spec is None else spec.name.removesuffix(".__main__")
    return f"python -m {module}" if module.split(".")[0] == "sweep" else "python"
