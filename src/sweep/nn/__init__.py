"""The mathematics of fully connected networks, in plain NumPy.

Several seeds are computed at once, on arrays with a leading axis of seeds: parameters are (seeds,
parameters), features (seeds, batch, inputs), or (batch, inputs) if all seeds see the same mini-batch. The
numbers of one seed never mix with those of another.

The choices of a user are tables: `activations`, `outputs`, `losses`, `regularizers`, `initializers`,
`schedules` and `optimizers`. `architecture` is the shape of a network with its numbers, and `objective` is an
output function with its loss. `backpropagation` computes outputs and gradients, and the finite differences
that test them. The engines compute the same, faster.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]  # the array type of the numerical core: float32 or float64
