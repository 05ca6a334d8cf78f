"""One thread a matrix product: for speed with many workers, and for the same bits whatever their number."""

# BLAS libraries read these when they are loaded: set them before NumPy is imported.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
