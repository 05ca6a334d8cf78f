"""The mathematics of fully connected networks, in plain NumPy.

Every array of a block has a leading axis of seeds: parameters ``(seeds, parameters)``, features ``(seeds,
batch, inputs)``, or ``(batch, inputs)`` where all seeds see the same mini-batch. A seed's numbers never mix
with another's.

What a user chooses stands in tables: `activations`, `outputs`, `losses`, `regularizers`, `initializers`,
`schedules` and `optimizers`. `architecture` is the shape of a network, `parameters` its numbers, `objective`
an output function with its loss. `backpropagation` puts them together, and `gradient_check` holds it against
finite differences. The engines compute the same, faster.
"""
