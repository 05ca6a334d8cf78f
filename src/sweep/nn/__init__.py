"""The mathematics: fully connected networks on blocks of seeds, in NumPy, or compiled by Numba.

Every array of a block has a leading seed axis: parameters ``(seeds, parameters)``, features
``(seeds, batch, inputs)`` or ``(batch, inputs)`` where all seeds see the same mini-batch. A seed's
numbers never mix with another's, so a seed trained in a block has the same bits as one trained alone.

`network` computes outputs and gradients, from `activations`, `losses` (with the output functions)
and `initializers`; `regularizers` and `optimizers` turn gradients into steps, `schedules` says how large.

With the extra `fast` the same equations are compiled: `panel_network` keeps its numbers in `panels`, whose
products (`panel_products`) are cut into `tiles`; `mini_batch` and `one_example` are whole steps. Networks
train so where `kernels` and the processor allow; everything else about them is the same.
"""
