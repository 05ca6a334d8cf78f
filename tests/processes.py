"""The package's commands: as real processes, and in this process, which takes a tenth of the time."""

import io
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

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


# Imported once by a server, from which `forked` starts its processes.
PRELOADED = ["tests.processes", "sweep.cli.sweep", "sweep.summary", "sweep.decide", "sweep.engines.compiled"]
forking = "forkserver" in multiprocessing.get_all_start_methods()


def forked(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> Done:
    """Run `sweep <arguments>` in a process of its own, forked from one that has imported the package.

    It costs a fifth of `python`, and is for what changes a process for good: modules of the user's own.
    """
    if not forking:
        return python(folder, "-m", "sweep", *arguments, columns=columns, **variables)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(PRELOADED)
    with TemporaryDirectory() as streams:
        files = [Path(streams, name) for name in ("output", "errors")]
        environment = {**os.environ, "COLUMNS": str(columns), **variables}
        process = server.Process(target=_command, args=(folder, arguments, environment, files))
        process.start()
        process.join()
        code, texts = process.exitcode, [file.read_text("utf-8", "replace") for file in files]
        process.close()
    assert code is not None
    return Done(["sweep", *arguments], code, *texts)


def _command(folder: Path, arguments: Sequence[str], environment: dict[str, str], files: list[Path]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files, start=1):
        with file.open("wb") as opened:
            os.dup2(opened.fileno(), number)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["sweep", *arguments]
    main()


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
    hydra = dict(vars(logging.getLogger("hydra")))
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
        vars(logging.getLogger("hydra")).update(hydra)
        root.manager._clear_cache()  # type: ignore[attr-defined]  # of the levels that loggers inherit
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.argv, sys.path[:] = arguments, path
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)
