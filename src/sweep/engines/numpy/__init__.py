"""The engine that runs everywhere: matrix products by BLAS, everything else by NumPy's own loops.

`products` are the matrix products, `network` lays parameters out in memory and does the forward and backward
pass, and `engine` takes steps.
"""
