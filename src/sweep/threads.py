"""One thread for each matrix product: faster with several workers, and the same bits with any number."""

# BLAS libraries read these when they are loaded: set them before NumPy is imported.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
