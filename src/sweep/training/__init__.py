"""Training a block of seeds: from a configuration and prepared data to one result for each seed.

`trainer` trains a block. `protocol` says what a configuration trains, `randomness` and `batches` in which
order, `evaluation` measures networks, `early_stopping` says when one no longer improves, `gradient_gate`
checks the gradient beforehand, and `result` is what comes out.
"""
