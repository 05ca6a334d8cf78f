"""Engines: fast implementations of the mathematics of `nn`.

`engine` is the contract, and `choice` picks an engine for a problem. The engine in `numpy` runs everywhere.
Those in `compiled` have loops that Numba compiles (the extra `fast`). An engine knows networks and
mini-batches, but nothing about configurations, data sets or files. docs/engines.md has the details.
"""
