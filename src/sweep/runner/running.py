"""Sweeps that are running in a store: `<results>/.running/<number>.json`, locked while the process lives."""

import getpass
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sweep.system import files

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
            file, content = folder / f"{uuid4().hex}.json", json.dumps(asdict(sweep), indent=1)
            mark.enter_context(files.locked_file(file, content))
        yield


def running_sweeps(results: Path) -> list[RunningSweep]:
    """Return the sweeps that are running in a store, in the order in which they began; skip foreign files."""
    sweeps = (_read(file) for file in (results / FOLDER).glob("*.json"))
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
