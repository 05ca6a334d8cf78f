"""The package's commands: as real processes, and in this process, which takes a tenth of the time."""

import io
import logging
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton

from sweep.cli import main
from sweep.core.errors import SweepWarning

Done = subprocess.CompletedProcess[str]


def python(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> Done:
    """Run `python <arguments>` in `folder` on a terminal of `columns` columns; `variables`: environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(columns), **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def run_cli(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> Done:
    """Run `sweep <arguments>` in this process, as `python` runs `-m sweep <arguments>` in a new one.

    A SweepWarning is printed, as on a terminal; any other warning is an error, as everywhere in the tests.
    Use a real process where the process matters: signals, workers, imports, the encoding of a terminal.
    """
    output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with _restored(), redirect_stdout(output), redirect_stderr(errors):
        os.chdir(folder)
        os.environ.update(COLUMNS=str(columns), **variables)
        sys.argv = ["sweep", *arguments]
        warnings.filterwarnings("default", category=SweepWarning)
        # pytest records warnings instead of printing them.
        warnings.showwarning = lambda *shown, **_: print(
            warnings.formatwarning(*shown[:4]), end="", file=errors
        )
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    texts = [stream.buffer.getvalue().decode("utf-8") for stream in (output, errors)]
    return Done(["sweep", *arguments], code, *texts)


@contextmanager
def _restored() -> Iterator[None]:
    """Put back what a command changes in its process, from the working folder to the state of Hydra."""
    folder, variables, arguments, path = Path.cwd(), dict(os.environ), sys.argv, [*sys.path]
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in signals}
    root, formatting = logging.getLogger(), warnings.formatwarning
    loggers, level = [*root.handlers], root.level
    # A command begins without an application of Hydra, but Hydra's plugins need not be found anew.
    application = {kind: Singleton._instances.pop(kind, None) for kind in (GlobalHydra, HydraConfig)}
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for kind, instance in application.items():
            Singleton._instances.pop(kind, None)
            if instance is not None:
                Singleton._instances[kind] = instance
        warnings.formatwarning = formatting
        root.handlers[:] = loggers
        root.setLevel(level)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.argv, sys.path[:] = arguments, path
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)
