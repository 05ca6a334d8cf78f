"""The mathematics: fully connected networks on blocks of seeds, in NumPy.

Every array of a block has a leading seed axis: parameters ``(seeds, parameters)``, features
``(seeds, batch, inputs)`` or ``(batch, inputs)`` where all seeds see the same mini-batch. A seed's
numbers never mix with another's, so a seed trained in a block has the same bits as one trained alone.

`network` computes outputs and gradients, from `activations`, `losses` (with the output functions)
and `initializers`; `regularizers` and `optimizers` turn gradients into steps, `schedules` says how large.
"""
