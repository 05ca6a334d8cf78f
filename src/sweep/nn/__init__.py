"""The mathematics of fully connected networks, in plain NumPy.

Several seeds are computed at once, on arrays with a leading axis of seeds: parameters are (seeds,
parameters), features (seeds, batch, inputs), or (batch, inputs) if all seeds see the same mini-batch. The
numbers of one seed never mix with those of another.

What a user can choose stands in tables: `activations`, `outputs`, `losses`, `regularizers`, `initializers`,
`schedules` and `optimizers`. `architecture` is the shape of a network, `parameters` are its numbers, and
`objective` is an output function with its loss. `backpropagation` computes outputs and gradients with them,
and `gradient_check` the finite differences that it is tested against. The engines compute the same, faster.
"""
