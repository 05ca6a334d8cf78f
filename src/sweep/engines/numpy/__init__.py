"""The engine that runs everywhere: matrix products by BLAS, everything else by NumPy's own loops.

`block` lays parameters out in memory, `products` are the matrix products, `network` does the forward and
backward pass, and `engine` takes steps.
"""
