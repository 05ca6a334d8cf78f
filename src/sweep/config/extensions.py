"""The user's own modules: how sweep finds them, in this process and in workers, and what identifies them.

A module that calls `sweep.register` is found in one of three ways. An installed package offers it as an entry
point in the group `sweep.extensions`. The environment variable SWEEP_EXTENSIONS names it; it is then imported
from the working folder or from an installed package. Or the program has imported it already. No configuration
and no command line can name a module. Workers import the same modules, so that entries of a script, which
they cannot import, are only for training in this process.
"""

import hashlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from sweep.core.errors import SettingError, one_line

VARIABLE = "SWEEP_EXTENSIONS"
ENTRY_POINTS = "sweep.extensions"
Key = tuple[str, str]  # kind and name of an entry


class Registration(NamedTuple):
    """The name of the module that has registered an entry, and the digest of the source that defines it."""

    module: str
    digest: str


_registrations: dict[Key, Registration] = {}
_loaded: set[str] = set()  # modules that `load` has imported or is importing


def load() -> None:
    """Import the modules of installed packages and those that SWEEP_EXTENSIONS names, each once.

    Raises SettingError for a module that does not exist or that fails.
    """
    names = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    modules = _installed() | {name: f"{VARIABLE}={name}" for name in names if name}
    for name, origin in modules.items():
        if name not in _loaded:
            _loaded.add(name)  # before the import, which may ask for the schema and so call this function
            try:
                _import(name, origin)
            except SettingError:
                _loaded.remove(name)
                raise


@cache
def _installed() -> dict[str, str]:
    """Return the modules that installed packages offer, each with its name in an error message."""
    return {point.module: f"{ENTRY_POINTS}: {point.name}" for point in entry_points(group=ENTRY_POINTS)}


def _import(name: str, origin: str) -> None:
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        # Last, so that a file in the working folder cannot hide an installed module.
        sys.path.append(folder)
    try:
        importlib.import_module(name)
    except Exception as error:
        # The module itself is missing, or a package above it, not something that it imports.
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise SettingError(f"{origin}: no such module, here or among installed packages") from error
        kind = "" if isinstance(error, SettingError) else f"{type(error).__name__}: "
        raise SettingError(f"{origin}: cannot be imported: {kind}{one_line(error)}") from error


def note(kind: str, name: str, entry: Any, *, module: str) -> None:
    """Note the module that registers an entry, and a digest of the source that defines the entry.

    Raises SettingError for an entry that was typed into an interactive session: no record could identify it.
    """
    if getattr(sys.modules[module], "__file__", None) is None:
        raise SettingError(f"{kind}={name}: was typed into a session; put it into a module and import that")
    sources = list(dict.fromkeys(_modules(entry))) or [module]
    content = b"".join(Path(str(sys.modules[source].__file__)).read_bytes() for source in sources)
    _registrations[kind, name] = Registration(module, hashlib.sha256(content).hexdigest())


def _modules(entry: Any) -> Iterator[str]:
    """Yield the names of the modules that define an entry or the functions in it, without the package's."""
    parts = [entry] if callable(entry) else getattr(entry, "__dict__", {}).values()
    for value in filter(callable, parts):
        module = str(getattr(value, "__module__", None))
        if module.partition(".")[0] != "sweep" and getattr(sys.modules.get(module), "__file__", None):
            yield module


def registrations() -> dict[Key, Registration]:
    """Return all registrations by kind and name."""
    return dict(_registrations)


def digest(kind: str, name: str) -> str:
    """Return the SHA-256 of the source of the modules that define an entry."""
    return _registrations[kind, name].digest


def check_importable() -> None:
    """Raise SettingError if workers cannot import what was registered, because it is in a script."""
    for (kind, name), registration in _registrations.items():
        if registration.module == "__main__":
            raise SettingError(
                f"{kind}={name}: is registered in a script, which workers cannot import; put it into a module"
                f" that the script imports or {VARIABLE} names, or set parallel.n_jobs=1"
            )


def import_registered(needed: Mapping[Key, Registration]) -> None:
    """Import the modules with the entries that another process has registered.

    Raises SettingError if their source differs from that in the other process: what is trained here would not
    be what the record says.
    """
    for module in dict.fromkeys(registration.module for registration in needed.values()):
        importlib.import_module(module)
    for (kind, name), registration in needed.items():
        if _registrations.get((kind, name)) != registration:
            raise SettingError(f"{kind}={name}: its file has changed while it was in use; start again")
