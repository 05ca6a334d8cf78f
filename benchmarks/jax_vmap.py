"""JAX: the cell's seeds through jax.vmap with a common order, one jitted step a mini-batch."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from benchmarks.cells import Cell
from benchmarks.measuring import WARM_UP, Measure, mini_batches, pieces

from sweep.data.preprocessing import PreparedData

ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}


def vmap(cell: Cell, data: PreparedData) -> Measure:
    """Train as its tutorials do, for all seeds at once."""
    features, targets = data.train.features, data.train.targets
    parts = [(part.features, part.targets) for part in pieces(data)] if cell.epoch else []
    step = jax.jit(jax.vmap(_step(cell), in_axes=(0, 0, None, None, None)), donate_argnums=(0, 1))
    evaluate = jax.jit(jax.vmap(_evaluation(cell), in_axes=(0, None, None)))
    parameters = _initial(cell)
    copies = {"adam": 2, "momentum": 1, "sgd": 0}[cell.optimizer]
    state: Any = tuple(jax.tree.map(jnp.zeros_like, parameters) for _ in range(copies))

    def measure(steps: int) -> float:
        nonlocal parameters, state
        batches = mini_batches(cell, data, steps)
        start = time.perf_counter()
        for number, rows in enumerate(batches, 1):
            parameters, state = step(parameters, state, float(number), features[rows], targets[rows])
        jax.block_until_ready([evaluate(parameters, *part) for part in parts] or parameters)
        return (time.perf_counter() - start) / cell.seeds

    measure(WARM_UP)
    return measure


def _initial(cell: Cell) -> Any:
    """Return weights and bias of every layer, (seeds, inputs, outputs) and (seeds, outputs)."""
    rng = np.random.default_rng(0)
    return [
        (
            jnp.asarray(rng.normal(0, 0.05, (cell.seeds, inputs, outputs)), jnp.float32),
            jnp.zeros((cell.seeds, outputs), jnp.float32),
        )
        for inputs, outputs in itertools.pairwise(cell.units)
    ]


def _outputs(cell: Cell, parameters: Any, batch: Any) -> Any:
    for weights, bias in parameters[:-1]:
        batch = ACTIVATIONS[cell.activation](batch @ weights + bias)
    weights, bias = parameters[-1]
    return batch @ weights + bias


def _loss(cell: Cell, z: Any, target: Any) -> Any:
    if cell.loss == "mse":
        return jnp.mean((jax.nn.sigmoid(z) - target) ** 2)
    return -(jax.nn.log_softmax(z) * target).sum(axis=-1).mean()


def _evaluation(cell: Cell) -> Callable[..., Any]:
    """Return a function of one seed: the loss of some images, and how many of them are right."""

    def evaluate(parameters: Any, batch: Any, target: Any) -> Any:
        z = _outputs(cell, parameters, batch)
        return _loss(cell, z, target), (z.argmax(axis=-1) == target.argmax(axis=-1)).sum()

    return evaluate


def _step(cell: Cell) -> Callable[..., Any]:
    """Return a function of one seed: parameters and the optimizer's state after a mini-batch."""

    def step(parameters: Any, state: Any, t: Any, batch: Any, target: Any) -> Any:
        gradients = jax.grad(lambda current: _loss(cell, _outputs(cell, current, batch), target))(parameters)
        if cell.optimizer == "adam":
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], gradients)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], gradients)
            rate = cell.rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            change = jax.tree.map(lambda m, v: rate * m / (jnp.sqrt(v) + 1e-8), first, second)
            state = (first, second)
        elif cell.optimizer == "momentum":
            state = (jax.tree.map(lambda v, g: 0.9 * v + g, state[0], gradients),)
            change = jax.tree.map(lambda v: cell.rate * v, state[0])
        else:
            change = jax.tree.map(lambda g: cell.rate * g, gradients)
        return jax.tree.map(jnp.subtract, parameters, change), state

    return step
