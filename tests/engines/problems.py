"""Small problems for engines from the tables of `nn`, and the same training in plain `nn`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.engines.compiled import MiniBatchEngine, SingleExampleEngine
from sweep.engines.engine import Engine, Problem, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn import backpropagation
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.losses import LOSSES
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Adam, AdamW, Nesterov, Optimizer, RmsProp, Sgd
from sweep.nn.regularizers import L1, L2, NoPenalty, Regularizer

Array = NDArray[Any]

EXAMPLES = 40
# Every output and loss that go together, with each way to reduce a batch.
OBJECTIVES = [
    Objective.named(output, loss, reduction)
    for loss in LOSSES.builtin
    for output in LOSSES[loss].goes_with()
    for reduction in (("mean", "sum") if LOSSES[loss].additive else ("mean",))
]
# Epsilons are large enough for a difference in the last digit of a gradient not to count.
OPTIMIZER: dict[str, Optimizer] = {
    "sgd": Sgd(),
    "momentum": Sgd(0.9),
    "nesterov": Nesterov(0.9),
    "rmsprop": RmsProp(0.8, 1e-3),
    "adam": Adam(0.8, 0.99, 1e-3),
    "adamw": AdamW(0.8, 0.99, 1e-3, 0.1),
}
REGULARIZER: dict[str, Regularizer] = {"none": NoPenalty(), "l1": L1(0.01), "l2": L2(0.02)}

SOFTMAX = Objective.named("softmax", "cross_entropy")


@dataclass(frozen=True)
class Setup:
    """An engine, the size of a mini-batch, and whether the seeds share their mini-batches."""

    engine: type[Engine]
    batch: int
    shared: bool

    def __str__(self) -> str:
        order = "shared" if self.shared else "separate"
        return f"{self.engine.__name__}-{self.batch}-{order}"

    def problem(
        self,
        units: tuple[int, ...] = (9, 6, 5, 4),
        activation: str = "tanh",
        objective: Objective = SOFTMAX,
        optimizer: Optimizer = OPTIMIZER["sgd"],
        regularizer: Regularizer = REGULARIZER["none"],
        bias: bool = True,
    ) -> Problem:
        architecture = Architecture(units, activation, bias)
        return Problem(
            architecture=architecture,
            objective=objective,
            optimizer=optimizer,
            regularizer=regularizer,
            batch_size=self.batch,
            shared=self.shared,
        )

    def rows(self, steps: int, seeds: int) -> list[Rows]:
        """Draw `steps` mini-batches, every third of them smaller: (batch,) or (seeds, batch)."""
        rng = np.random.default_rng(steps)
        sizes = (max(1, self.batch - 4) if step % 3 == 2 else self.batch for step in range(steps))
        return [rng.integers(0, EXAMPLES, size if self.shared else (seeds, size)) for size in sizes]


# The engine for mini-batches gets single examples, too: the last mini-batch of an epoch may be one.
SETUPS = [
    Setup(engine, batch, shared)
    for engine, batches in ((NumpyEngine, (1, 7)), (MiniBatchEngine, (1, 7)), (SingleExampleEngine, (1,)))
    for batch in batches
    for shared in (True, False)
]


def choices() -> Iterator[dict[str, Any]]:
    """Yield every activation, every objective, and every optimizer with every regularizer.

    While one of them takes its turn, the others and the biases go round.
    """
    biases, others = cycle((True, False)), cycle(product(OPTIMIZER.values(), REGULARIZER.values()))

    def choice(activation: str, objective: Objective, *other: Any) -> dict[str, Any]:
        optimizer, regularizer = other or next(others)
        return {
            "activation": activation,
            "objective": objective,
            "optimizer": optimizer,
            "regularizer": regularizer,
            "bias": next(biases),
        }

    yield from map(choice, ACTIVATIONS.builtin, cycle(OBJECTIVES))
    yield from map(choice, cycle(ACTIVATIONS.builtin), OBJECTIVES)
    for other in product(OPTIMIZER.values(), REGULARIZER.values()):
        yield choice("tanh", SOFTMAX, *other)


def data(inputs: int, outputs: int, dtype: str = "float64") -> tuple[Array, Array]:
    """Draw features (examples, inputs) and targets (examples, outputs): one-hot, or 0 and 1."""
    rng = np.random.default_rng(inputs)
    features = rng.normal(size=(EXAMPLES, inputs))
    targets = np.eye(max(2, outputs))[rng.integers(0, max(2, outputs), EXAMPLES)][:, :outputs]
    return features.astype(dtype), np.ascontiguousarray(targets).astype(dtype)


def initial(problem: Problem, seeds: int, dtype: str = "float64") -> Array:
    """Draw parameters, (seeds, parameters), none of which is zero."""
    rng = np.random.default_rng(seeds)
    return (0.4 * rng.normal(size=(seeds, problem.architecture.parameter_count))).astype(dtype)


def gradient(problem: Problem, parameters: Array, features: Array, targets: Array, rows: Rows) -> Array:
    """Return the gradient of `nn.backpropagation`, (seeds, parameters)."""
    block = Parameters(problem.architecture, parameters)
    return backpropagation.gradient(
        block,
        features[rows],
        targets[rows],
        objective=problem.objective,
        regularizer=problem.regularizer,
    ).flat


def trained(
    problem: Problem, parameters: Array, features: Array, targets: Array, batches: Sequence[Rows], rate: float
) -> Array:
    """Return the parameters after these steps by `nn` alone, (seeds, parameters)."""
    parameters = parameters.copy()
    state = problem.optimizer.init(parameters)
    for step, rows in enumerate(batches, start=1):
        slopes = gradient(problem, parameters, features, targets, rows)
        problem.optimizer.update(parameters, slopes, state, rate=rate, step=step)
    return parameters


def run(engine: Engine, features: Array, targets: Array, batches: Sequence[Rows], rate: float) -> Array:
    """Return a copy of the parameters after these steps of an engine, (seeds, parameters)."""
    for rows in batches:
        engine.step(features, targets, rows, rate=rate)
    return engine.parameters.copy()
