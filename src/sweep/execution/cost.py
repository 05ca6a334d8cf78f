"""How long training will take, estimated from its arithmetic. Plans and progress use it; no result does."""

import time

import numpy as np

from sweep.config.length import batch_size, iterations, steps_per_epoch
from sweep.config.schema import Config
from sweep.data.sizes import Sizes
from sweep.training.protocol import architecture

# Measured on one core of a 2.5 GHz server: seconds of a step besides its matrix products, and seconds of one
# elementwise operation on a number.
STEP_SECONDS = 1e-4
ELEMENT_SECONDS = 5e-10
# Matrix products with a narrow side reach about this fraction of the machine's best rate.
EFFICIENCY = 0.6


def flops(config: Config, sizes: Sizes) -> float:
    """Multiplications and additions of one trial's matrix products, without early stopping.

    A step on B examples and W weights: 2BW forward, 2BW for the gradient, 2B(W - W1) to pass the
    error back, W1 being the weights of the first layer. An evaluation: 2BW.
    """
    layers = architecture(config, sizes.inputs).layers
    weights = [inputs * outputs for inputs, outputs in layers]
    batch = batch_size(config, sizes.train)
    steps = iterations(config, sizes.train)
    training: float = 2.0 * batch * (3 * sum(weights) - weights[0]) * steps
    evaluated: int = sum(getattr(sizes, part) for part in config.evaluation.parts)
    every = config.evaluation.every or steps_per_epoch(config, sizes.train)
    return training + 2.0 * evaluated * sum(weights) * (steps // every)


def seconds(config: Config, sizes: Sizes, rate: float) -> float:
    """Estimated seconds of one trial on one core that multiplies matrices at `rate` FLOP/s."""
    steps = iterations(config, sizes.train)
    updates = 6 if config.optimizer.name == "adam" else 2
    elementwise = architecture(config, sizes.inputs).parameters * updates * ELEMENT_SECONDS
    return flops(config, sizes) / (EFFICIENCY * rate) + steps * (STEP_SECONDS + elementwise)


def matrix_rate(size: int = 768) -> float:
    """FLOP/s of a float32 matrix product on one core, measured in a few milliseconds."""
    left = np.ones((size, size), np.float32)
    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        np.matmul(left, left)
        best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)
