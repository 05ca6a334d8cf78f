"""The engine that runs everywhere: matrix products by BLAS, all else by NumPy's own loops.

`block` lays out the parameters, `products` multiplies, `network` passes forward and back, `engine` takes
steps.
"""
