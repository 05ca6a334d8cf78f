"""How the functions of this engine are compiled."""

from collections.abc import Callable
from typing import Any

import numba

# error_model="numpy": a division by zero gives infinity, as everywhere else, and loops are vectorised.
compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")
# The order of a sum is the compiler's, which is the same for every seed; nothing else is relaxed.
compiled_sum: Callable[[Any], Any] = numba.njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}
)
