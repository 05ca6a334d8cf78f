"""The decorators that compile the functions of this engine and cache them on disk for the next process."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.misc import appdirs

_PREFIX = "compiled-"

# mypy does not see the contents of Numba's modules.
_config: Any = numba.config
_user_cache_dir: Any = appdirs.user_cache_dir


def _folder() -> Path:
    """Return the folder for the compiled functions of the current sources.

    Numba recompiles a function if its own file has changed, but not if a file that it imports has: after a
    change in `formulas`, a function in `gemm` would stay as it was. So each state of all compiled files, and
    of `nn`, whose constants they use, gets its own folder. It is in NUMBA_CACHE_DIR if that is set, otherwise
    next to the sources, where folders of older states are removed. If the sources are read-only, it is in the
    user's cache folder.
    """
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *(here.parents[1] / "nn").glob("*.py")])
    contents = b"".join(file.name.encode() + file.read_bytes() for file in sources)
    name = _PREFIX + hashlib.sha256(contents).hexdigest()[:16]
    beside = here / "__pycache__"
    if _config.CACHE_DIR:
        return Path(_config.CACHE_DIR) / name
    if not os.access(beside if beside.exists() else here, os.W_OK):
        return Path(_user_cache_dir("numba", appauthor=False)) / name
    for older in beside.glob(f"{_PREFIX}*"):
        if older.name != name:
            shutil.rmtree(older, ignore_errors=True)
    return beside / name


_FOLDER = str(_folder())


def _cached(compile_function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a decorator store its compiled code in our folder."""

    def decorate(function: Any) -> Any:
        # Numba reads the name of the folder when a function is decorated. Other packages must keep theirs.
        before, _config.CACHE_DIR = _config.CACHE_DIR, _FOLDER
        try:
            return compile_function(function)
        finally:
            _config.CACHE_DIR = before

    return decorate


# With error_model="numpy" a division by zero gives infinity, as in NumPy, instead of an exception, so loops
# that divide can be vectorised. With nogil, other threads can run meanwhile.
compiled = _cached(numba.njit(cache=True, nogil=True, error_model="numpy"))
# For functions with a sum: the compiler may choose the order of additions, so that it can vectorise the loop.
# The order is part of the compiled code and so the same for every seed. Nothing else is relaxed.
compiled_sum = _cached(numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}))
