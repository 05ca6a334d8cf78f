"""How the functions of this engine are compiled."""

from collections.abc import Callable
from typing import Any

import numba

# With error_model="numpy" a division by zero gives infinity, as in NumPy, instead of an exception, and loops
# that divide can be vectorised. With nogil, other threads run meanwhile.
compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")
# For functions with a sum: the compiler may choose the order in which it adds, so that it can vectorise the
# loop. The order is part of the compiled code and so the same for every seed. Nothing else is relaxed.
compiled_sum: Callable[[Any], Any] = numba.njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}
)
