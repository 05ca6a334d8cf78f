"""How a training is computed: engines for the mathematics of `nn`.

`engine` says what every engine can do, and `choice` picks one for a problem. The engine in `numpy` runs
everywhere. Those in `compiled` have loops that Numba compiles (the extra `fast`). An engine knows networks
and mini-batches, and nothing of configuration, data sets or files. docs/engines.md has the rest.
"""
