"""The user's own modules: how they are found, in this process and in workers, and what identifies them.

A module that calls `sweep.register` is found in one of three ways. An installed package offers it as an entry
point in the group `sweep.extensions`. The environment variable SWEEP_EXTENSIONS names it; it is then imported
from the working folder or from an installed package. Or it is running already, as a script or as a module
that a script imports. No configuration and no command line can name a module.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from sweep.core.errors import SettingError, one_line

VARIABLE = "SWEEP_EXTENSIONS"
ENTRY_POINTS = "sweep.extensions"
Key = tuple[str, str]  # kind and name of an entry


@dataclass(frozen=True)
class Source:
    """A module that has registered something: its name, and its file if it is the script that is running."""

    module: str
    script: Path | None = None


class _EndOfScript(BaseException):
    """Ends a script that is run in a worker process: the worker only needs what the script registers."""


_sources: dict[str, Source] = {}
_digests: dict[Key, str] = {}
_loaded: set[str] = set()  # modules that `load` has imported or is importing
_scripts: dict[str, Path] = {}  # scripts that were run in this worker, by the module names that they got
_running: list[Path] = []


def load() -> None:
    """Import the modules of installed packages and those that SWEEP_EXTENSIONS names, each once.

    Raises SettingError for a module that does not exist or that fails.
    """
    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    wanted = _installed() | {name: f"{VARIABLE}={name}" for name in named if name}
    for name, place in wanted.items():
        if name not in _loaded:
            _loaded.add(name)  # before the import, which may ask for the schema and so call this function
            try:
                _import(name, place)
            except SettingError:
                _loaded.remove(name)
                raise


@cache
def _installed() -> dict[str, str]:
    """The modules that installed packages offer, and how an error message names each of them."""
    return {point.module: f"{ENTRY_POINTS}: {point.name}" for point in entry_points(group=ENTRY_POINTS)}


def _import(name: str, place: str) -> None:
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)
    try:
        importlib.import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise SettingError(f"{place}: no such module, here or among installed packages") from error
        kind = "" if isinstance(error, SettingError) else f"{type(error).__name__}: "
        raise SettingError(f"{place}: cannot be imported: {kind}{one_line(error)}") from error


def sources() -> tuple[Source, ...]:
    """The modules that have registered something, in order."""
    return tuple(_sources.values())


def agree(needed: Iterable[Source], digests: Mapping[Key, str]) -> None:
    """Import the modules in which another process has registered entries that its work needs.

    `digests` are those of the entries there. A module whose file has changed here is imported again. Raises
    SettingError if the digests still differ: what is trained here would not be what the record says.
    """
    for source in needed:
        if source.module in _sources:
            continue
        if source.script is None:
            importlib.import_module(source.module)
        else:
            _run_script(source.module, source.script)
    if digests.items() - _digests.items():
        for source in needed:
            if source.script is None:
                importlib.reload(sys.modules[source.module])
    for (kind, name), _ in digests.items() - _digests.items():
        raise SettingError(f"{kind}={name}: its file has changed while it was in use; start again")


def _run_script(name: str, script: Path) -> None:
    """Run a script under another name than __main__, up to the line that would start a sweep."""
    spec = importlib.util.spec_from_file_location(name, script)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    _scripts[name] = script
    _running.append(script)
    try:
        spec.loader.exec_module(module)
    except _EndOfScript:
        pass
    finally:
        _running.pop()


def end_script() -> None:
    """End the script, if it is being run in a worker process by `agree`; otherwise do nothing."""
    if _running:
        raise _EndOfScript


def note(kind: str, name: str, entry: Any, module: str) -> None:
    """Note in which module an entry was registered, and a digest of the source that defines it.

    Raises SettingError for an entry that was typed into an interactive session: no other process could import
    it, and no record could identify it.
    """
    running = sys.modules[module]
    if getattr(running, "__file__", None) is None:
        raise SettingError(
            f"{kind}={name}: was typed into a session; must stand in a file, in a module that is imported"
        )
    source = _source(running)
    _sources[source.module] = source
    defining = list(dict.fromkeys(_modules(entry))) or [module]
    content = b"".join(Path(str(sys.modules[own].__file__)).read_bytes() for own in defining)
    _digests[kind, name] = hashlib.sha256(content).hexdigest()


def digests() -> dict[Key, str]:
    """The digest of every entry, by kind and name."""
    return dict(_digests)


def digest(kind: str, name: str) -> str:
    """The SHA-256 of the source of the modules that define an entry."""
    return _digests[kind, name]


def _source(module: ModuleType) -> Source:
    if module.__name__ != "__main__":
        return Source(module.__name__, _scripts.get(module.__name__))
    if module.__spec__ is not None:  # python -m package.module
        return Source(module.__spec__.name)
    script = Path(str(module.__file__)).resolve()
    return Source(f"sweep_script_{script.stem}", script)


def _modules(entry: Any) -> Iterator[str]:
    """The names of the modules that define an entry or the functions in it, without the package's own."""
    held = [entry] if callable(entry) else getattr(entry, "__dict__", {}).values()
    for value in filter(callable, held):
        module = str(getattr(value, "__module__", None))
        if module.partition(".")[0] != "sweep" and getattr(sys.modules.get(module), "__file__", None):
            yield module
