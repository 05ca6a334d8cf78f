"""Training a block of seeds: from a problem and prepared data to one result for each seed.

`problem` is everything that a configuration decides, with the random streams. `trainer` trains a block,
`evaluation` measures its networks, `gradient_gate` checks the gradient beforehand, and `result` is the
outcome.
"""
