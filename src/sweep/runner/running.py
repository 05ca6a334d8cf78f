"""Who is training in a store: `<results>/.running/<number>.json`, locked while its process lives."""

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
class Running:
    """A process that trains: where, whose, since when, and how many trials it set out to train.

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
def running(
    results: Path, trials: int, experiment: str | None = None, name: str | None = None
) -> Iterator[None]:
    """Let others see that this process trains so many trials in a store, while the block runs.

    What killed processes left is removed. Nothing is to be seen in a folder that cannot be written to or has
    no locks.
    """
    folder = results / FOLDER
    own = Running(
        host=platform.node(),
        process=os.getpid(),
        user=_user(),
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=trials,
        command=_command(),
        experiment=experiment,
        name=name,
    )
    with ExitStack() as held:
        with suppress(OSError):
            for file in folder.glob("*.json"):
                files.remove_if_released(file)
            held.enter_context(files.held(folder / f"{uuid4().hex}.json", json.dumps(asdict(own), indent=1)))
        yield


def who(results: Path) -> list[Running]:
    """Who is training in a store now, the first to begin first. What is not ours is ignored."""
    found = (_read(file) for file in (results / FOLDER).glob("*.json"))
    return sorted((each for each in found if each is not None), key=lambda each: str(each.began))


def _read(file: Path) -> Running | None:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        if file.is_file() and not files.is_released(file):  # opening a pipe would wait
            return Running(**json.loads(file.read_bytes()))
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have numbers without names
        return str(os.getuid()) if hasattr(os, "getuid") else "?"


def _command() -> str:
    """`python -m sweep`, or the module that it was; `python` in a notebook or a script."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    module = "" if spec is None else spec.name.removesuffix(".__main__")
    return f"python -m {module}" if module.split(".")[0] == "sweep" else "python"
