"""The engine whose loops Numba compiles (the extra `fast`).

`jit` is how everything here is compiled. `formulas` holds the equations of `nn` as scalar functions;
`output_layer` those of a whole output. `microkernel` computes a small tile of a matrix product in vector
registers, `packing` lays matrices out for it, `gemm` multiplies whole matrices with it. `mini_batch` and
`single_example` are the two engines.
"""

from sweep.engines.compiled.mini_batch import MiniBatchEngine
from sweep.engines.compiled.single_example import SingleExampleEngine
from sweep.engines.engine import Engine

# The first that knows a problem trains it.
ENGINES: tuple[type[Engine], ...] = (SingleExampleEngine, MiniBatchEngine)
