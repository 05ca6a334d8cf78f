"""The engine whose loops Numba compiles (the extra `fast`).

`jit` says how everything here is compiled, `ahead` what a problem needs of it. `formulas`, `steps` and
`output_layer` hold the equations of `nn`. `microkernel` computes a few rows and columns of a matrix product
in vector registers. `packing` lays matrices out for it, and `gemm` multiplies whole matrices with it.
`packed` and `packed_network` are parameters and networks in that layout. `mini_batch` and `single_example`
are the two engines; `single_step` is the compiled step of the second.
"""

from sweep.engines.compiled.mini_batch import MiniBatchEngine
from sweep.engines.compiled.single_example import SingleExampleEngine
from sweep.engines.engine import Engine

# The first that knows a problem trains it.
ENGINES: tuple[type[Engine], ...] = (SingleExampleEngine, MiniBatchEngine)
