"""How a training is computed: engines for the mathematics of `nn`.

`engine` says what every engine can do, `choice` picks one for a problem. `numpy` runs everywhere; `compiled`
(the extra `fast`) compiles its loops with Numba. An engine knows networks and mini-batches, nothing of
configuration, data sets or files.
"""
