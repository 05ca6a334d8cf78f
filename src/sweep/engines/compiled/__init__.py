"""The engines with loops that Numba compiles (the extra `fast`).

`jit` compiles everything here and caches it on disk. `formulas` holds the equations of `nn`. `microkernel`
computes a few rows and columns of a matrix product in vector registers, `packing` lays matrices out for it,
and `gemm` multiplies whole matrices with it. `packed_network` evaluates networks in that layout. `mini_batch`
and `single_example` are the two engines; `single_step` is the compiled step of the second. `compiled_engine`
is their common part.
"""

from sweep.engines.compiled.mini_batch import MiniBatchEngine
from sweep.engines.compiled.single_example import SingleExampleEngine
from sweep.engines.engine import Engine

# The first that supports a problem trains it.
ENGINES: tuple[type[Engine], ...] = (SingleExampleEngine, MiniBatchEngine)
