"""How the functions of this engine are compiled, and where they are kept for the next process."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.misc import appdirs

_PREFIX = "compiled-"

# mypy does not see what Numba's modules hold.
_config: Any = numba.config
_user_cache_dir: Any = appdirs.user_cache_dir


def _folder() -> Path:
    """The folder of compiled functions of these very sources.

    For a function in its cache, Numba looks at the file that the function stands in, not at what that file
    imports: of a change in `formulas` a function in `gemm` would know nothing. So each state of all that is
    compiled, and of the constants in `nn`, has a folder of its own. It lies below NUMBA_CACHE_DIR if that is
    set, else beside the sources, where folders of older states are removed, or else among the user's files.
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


def _kept(compile_function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The decorator, for functions whose compiled code is kept in our folder."""

    def decorate(function: Any) -> Any:
        # Numba asks for the folder when a function is decorated. Other packages keep their own.
        before, _config.CACHE_DIR = _config.CACHE_DIR, _FOLDER
        try:
            return compile_function(function)
        finally:
            _config.CACHE_DIR = before

    return decorate


# With error_model="numpy" a division by zero gives infinity, as in NumPy, instead of an exception, and loops
# that divide can be vectorised. With nogil, other threads run meanwhile.
compiled = _kept(numba.njit(cache=True, nogil=True, error_model="numpy"))
# For functions with a sum: the compiler may choose the order in which it adds, so that it can vectorise the
# loop. The order is part of the compiled code and so the same for every seed. Nothing else is relaxed.
compiled_sum = _kept(numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}))
