"""Trainers of the same network: ours, and the peers that are installed. One thread each.

An engine prepares a cell on 60,000 images and returns what measures it: given a number of steps, seconds per
step and seed. Drawing the order and gathering mini-batches count; building a model and compiling do not.
"""

import itertools
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from benchmarks.cells import Cell

from sweep.config.compose import from_settings
from sweep.data.preprocessing import PreparedData
from sweep.data.sizes import Sizes
from sweep.execution.plan import seeds_that_fit
from sweep.training.trainer import train_block

Measure = Callable[[int], float]
Engine = Callable[[Cell, PreparedData], Measure]
SEEDS = 10
SIZES = Sizes(60_000, 0, 10_000, 784, available=60_000, available_test=10_000)


def ours_shared(cell: Cell, data: PreparedData) -> Measure:
    """Ten seeds with one common order (vary=[init]), in blocks as a plan makes them."""
    return _ours(cell, data, ["init"], "auto")


def ours_own(cell: Cell, data: PreparedData) -> Measure:
    """Ten seeds, each with its own order (the default), in blocks as a plan makes them."""
    return _ours(cell, data, ["init", "order"], "auto")


def ours_numpy(cell: Cell, data: PreparedData) -> Measure:
    """As the first, without Numba."""
    return _ours(cell, data, ["init"], "numpy")


def _ours(cell: Cell, data: PreparedData, vary: list[str], kernels: str) -> Measure:
    def measure(steps: int) -> float:
        (config,) = from_settings(cell.settings(steps) | {"vary": vary, "parallel.kernels": kernels})
        # Blocks follow one another and are alike: one stands for all.
        seeds = range(min(seeds_that_fit(config, SIZES), SEEDS))
        results = train_block(config, seeds, data)
        return sum(result.train_seconds for result in results) / len(seeds) / steps

    measure(3)
    return measure


def _rows(data: PreparedData, cell: Cell, steps: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    rng = np.random.default_rng(0)
    epochs = -(-steps * cell.batch // len(data.train))
    order = np.concatenate([rng.permutation(len(data.train)) for _ in range(epochs)])
    return order[: steps * cell.batch].reshape(steps, cell.batch)


def torch_eager(cell: Cell, data: PreparedData) -> Measure:
    """nn.Sequential, F.cross_entropy, fused optimizers, one seed."""
    return _torch(cell, data, compiled=False)


def torch_compiled(cell: Cell, data: PreparedData) -> Measure:
    """The same through torch.compile."""
    return _torch(cell, data, compiled=True)


@lru_cache
def _compiled_model(units: tuple[int, ...], batch: int) -> Any:
    """A model and its compiled loss, which do not depend on the optimizer: compiling takes half a minute."""
    import torch

    torch.compiler.reset()
    model = _torch_model(units)
    return model, torch.compile(lambda rows, target: torch.nn.functional.cross_entropy(model(rows), target))


def _torch_model(units: tuple[int, ...]) -> Any:
    import torch

    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(units):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _torch(cell: Cell, data: PreparedData, compiled: bool) -> Measure:
    import torch

    torch.set_num_threads(1)
    features = torch.from_numpy(np.array(data.train.features))
    labels = torch.from_numpy(np.array(data.train.labels))
    if compiled:
        model, loss = _compiled_model(cell.units, cell.batch)
    else:
        model = _torch_model(cell.units)

        def loss(rows: Any, target: Any) -> Any:
            return torch.nn.functional.cross_entropy(model(rows), target)

    if cell.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), cell.rate, fused=True)
    else:
        momentum = 0.9 if cell.optimizer == "momentum" else 0.0
        optimizer = torch.optim.SGD(model.parameters(), cell.rate, momentum=momentum, fused=True)

    def measure(steps: int) -> float:
        batches = torch.from_numpy(_rows(data, cell, steps))
        start = time.perf_counter()
        for rows in batches:
            optimizer.zero_grad()
            loss(features[rows], labels[rows]).backward()
            optimizer.step()
        return (time.perf_counter() - start) / steps

    measure(3)
    return measure


def scikit_learn(cell: Cell, data: PreparedData) -> Measure:
    """MLPClassifier.partial_fit, which shuffles and goes once through what it is given; one seed."""
    from sklearn.neural_network import MLPClassifier

    momentum = 0.9 if cell.optimizer == "momentum" else 0.0
    model = MLPClassifier(
        cell.units[1:-1],
        solver="adam" if cell.optimizer == "adam" else "sgd",
        alpha=0.0,
        batch_size=cell.batch,
        # The time does not depend on it, and at a larger one a deep network overflows, which is refused.
        learning_rate_init=1e-4,
        momentum=momentum,
        nesterovs_momentum=False,
    )
    features, labels = np.array(data.train.features), np.array(data.train.labels)
    model.partial_fit(features[: cell.batch], labels[: cell.batch], classes=np.arange(10))

    def measure(steps: int) -> float:
        seconds, done = 0.0, 0
        while done < steps:
            rows = min((steps - done) * cell.batch, len(labels))
            start = time.perf_counter()
            model.partial_fit(features[:rows], labels[:rows])
            seconds += time.perf_counter() - start
            done += -(-rows // cell.batch)
        return seconds / done

    return measure


def jax_vmap(cell: Cell, data: PreparedData) -> Measure:
    """Ten seeds through jax.vmap with a common order, one jitted step a mini-batch."""
    import jax
    import jax.numpy as jnp

    features, targets = np.array(data.train.features), np.array(data.train.targets)

    def loss(parameters: Any, batch: Any, target: Any) -> Any:
        for weights, bias in parameters[:-1]:
            batch = jax.nn.relu(batch @ weights + bias)
        weights, bias = parameters[-1]
        return -(jax.nn.log_softmax(batch @ weights + bias) * target).sum(axis=-1).mean()

    def one(parameters: Any, state: Any, t: Any, batch: Any, target: Any) -> Any:
        gradients = jax.grad(loss)(parameters, batch, target)
        if cell.optimizer == "adam":
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], gradients)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], gradients)
            rate = cell.rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            step = jax.tree.map(lambda m, v: rate * m / (jnp.sqrt(v) + 1e-8), first, second)
            state = (first, second)
        elif cell.optimizer == "momentum":
            state = (jax.tree.map(lambda v, g: 0.9 * v + g, state[0], gradients),)
            step = jax.tree.map(lambda v: cell.rate * v, state[0])
        else:
            step = jax.tree.map(lambda g: cell.rate * g, gradients)
        return jax.tree.map(jnp.subtract, parameters, step), state

    many = jax.jit(jax.vmap(one, in_axes=(0, 0, None, None, None)), donate_argnums=(0, 1))
    rng = np.random.default_rng(0)
    parameters: Any = [
        (
            jnp.asarray(rng.normal(0, 0.05, (SEEDS, inputs, outputs)), jnp.float32),
            jnp.zeros((SEEDS, outputs), jnp.float32),
        )
        for inputs, outputs in itertools.pairwise(cell.units)
    ]
    copies = {"adam": 2, "momentum": 1, "sgd": 0}[cell.optimizer]
    state: Any = tuple(jax.tree.map(jnp.zeros_like, parameters) for _ in range(copies))

    def measure(steps: int) -> float:
        nonlocal parameters, state
        batches = _rows(data, cell, steps)
        start = time.perf_counter()
        for number, rows in enumerate(batches, 1):
            parameters, state = many(parameters, state, float(number), features[rows], targets[rows])
        jax.block_until_ready(parameters)
        return (time.perf_counter() - start) / steps / SEEDS

    measure(3)
    return measure


def installed() -> dict[str, Engine]:
    """The engines that can run here, ours first."""
    engines: dict[str, Engine] = {
        "sweep": ours_shared,
        "sweep, own order": ours_own,
        "sweep, NumPy": ours_numpy,
    }
    if find_spec("torch"):
        engines |= {"PyTorch eager": torch_eager, "PyTorch compiled": torch_compiled}
    if find_spec("sklearn"):
        engines["scikit-learn"] = scikit_learn
    if find_spec("jax"):
        engines["JAX vmap"] = jax_vmap
    return engines
