"""The gradient gate lets every right engine pass, and stops a cell whose gradient is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from tests.engines.problems import OBJECTIVES, REGULARIZER, Setup

from sweep.config.schema import Config, ParallelConfig
from sweep.core.errors import ExecutionError
from sweep.core.types import Array
from sweep.data.preprocessing import PreparedData
from sweep.engines.choice import choose
from sweep.engines.compiled import MiniBatchEngine, SingleExampleEngine
from sweep.engines.engine import Engine, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn.activations import ACTIVATIONS, Activation
from sweep.nn.initializers import INITIALIZERS, Initializer, Normal
from sweep.nn.regularizers import L1, L2
from sweep.training.gradient_gate import TOLERANCE, gradient_error
from sweep.training.trainer import train_block

HIDDEN: tuple[tuple[int, ...], ...] = ((), (12,), (9, 8), (2, 1, 2), (1, 1))
INITIALIZER: list[Initializer] = [
    *(INITIALIZERS[name]() for name in INITIALIZERS.builtin),
    Normal(1e-7),  # where |w| has its kink
    Normal(1.0),  # saturated
]
REFUSED = r"^the gradient of the \w+ engine is off by .*% of the largest slope; the cell is not trained$"


@pytest.fixture
def data(small_mnist: PreparedData, small_mnist64: PreparedData) -> dict[str, PreparedData]:
    return {"float32": small_mnist, "float64": small_mnist64}


def cells(batch: int) -> Iterator[tuple[dict[str, Any], Initializer]]:
    """Every activation with every initializer and depth, while objectives, penalties and biases go round."""
    objectives, penalties, biases = cycle(OBJECTIVES), cycle(REGULARIZER.values()), cycle((True, True, False))
    for hidden in HIDDEN:
        for activation in ACTIVATIONS.builtin if hidden else ("relu",):
            for initializer in INITIALIZER:
                yield (
                    {
                        "units": (784, *hidden, 10),
                        "activation": activation,
                        "objective": next(objectives),
                        "regularizer": next(penalties),
                        "bias": next(biases),
                    },
                    initializer,
                )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 50])
@pytest.mark.parametrize("wanted", ["numpy", "numba"])
def test_a_right_gradient_passes(wanted: str, batch: int, dtype: str, data: dict[str, PreparedData]) -> None:
    """Through narrow networks that are dead from the start, zero weights, tiny and large ones."""
    for parts, initializer in cells(batch):
        problem = Setup(NumpyEngine, batch, True).problem(**parts)
        engine = choose(problem, wanted)
        assert (engine is NumpyEngine) == (wanted == "numpy")
        initial = problem.architecture.initial_parameters(initializer, np.random.default_rng(0))
        error = gradient_error(engine, problem, initial.astype(dtype), data[dtype].train)
        assert 0 <= error <= TOLERANCE


def test_the_smallest_training_part(data: dict[str, PreparedData]) -> None:
    """A part with fewer examples than are checked on."""
    problem = Setup(NumpyEngine, 2, True).problem((784, 5, 10))
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(0))
    train = data["float64"].train.head(2)
    assert gradient_error(NumpyEngine, problem, initial, train) < TOLERANCE


# Engines that are wrong in one way each.
def wrong(base: type[Engine], change: Any) -> type[Engine]:
    """An engine like `base`, whose gradient is changed."""

    def gradient(self: Engine, features: Array, targets: Array, rows: Rows) -> Array:
        found: Array = change(base.gradient(self, features, targets, rows).copy())
        return found

    return type(f"Wrong{base.__name__}", (base,), {"gradient": gradient})


def without_the_last_biases(slopes: Array) -> Array:
    slopes[:, -10:] = 0
    return slopes


def not_a_number(slopes: Array) -> Array:
    slopes[:, 3] = np.nan
    return slopes


CHANGES = {
    "sign": lambda slopes: -slopes,
    "factor": lambda slopes: 1.01 * slopes,
    "batch size": lambda slopes: slopes / 4,
    "order": lambda slopes: slopes[:, ::-1],
    "nothing": lambda slopes: 0 * slopes,
    "biases": without_the_last_biases,
    "nan": not_a_number,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("base", "batch"), [(NumpyEngine, 50), (NumpyEngine, 1), (MiniBatchEngine, 50), (SingleExampleEngine, 1)]
)
def test_a_wrong_gradient_stops_the_cell(
    base: type[Engine], batch: int, change: str, data: dict[str, PreparedData]
) -> None:
    for dtype in data:
        for penalty in REGULARIZER.values():
            problem = Setup(base, batch, True).problem((784, 6, 10), regularizer=penalty)
            initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
            arguments = problem, initial.astype(dtype), data[dtype].train
            assert gradient_error(base, *arguments) < TOLERANCE
            with pytest.raises(ExecutionError, match=REFUSED):
                gradient_error(wrong(base, CHANGES[change]), *arguments)


@dataclass(frozen=True)
class HalfL2(L2):
    """C = sum w^2 with the gradient of half of it."""

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        gradient += self.strength * weights


@dataclass(frozen=True)
class NegativeL1(L1):
    """C = sum |w| with the sign the wrong way round."""

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        gradient -= self.strength * np.sign(weights)


@pytest.mark.parametrize("regularizer", [HalfL2(1.0), NegativeL1(0.1)], ids=["l2", "l1"])
@pytest.mark.parametrize("batch", [1, 50])
def test_a_wrong_penalty_stops_the_cell(
    batch: int, regularizer: L1 | L2, data: dict[str, PreparedData]
) -> None:
    problem = Setup(NumpyEngine, batch, True).problem((784, 6, 10), regularizer=regularizer)
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
    with pytest.raises(ExecutionError, match=REFUSED):
        gradient_error(choose(problem), problem, initial, data["float64"].train)


def overflowing(dtype: str, batch: int) -> tuple[Any, Array]:
    """A problem with weights whose outputs are not finite."""
    problem = Setup(NumpyEngine, batch, True).problem((784, 6, 10), "relu")
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
    return problem, (initial * {"float32": 1e25, "float64": 1e200}[dtype]).astype(dtype)


@pytest.mark.parametrize("batch", [1, 50])
@pytest.mark.parametrize("wanted", ["numpy", "numba"])
def test_weights_that_overflow_are_no_wrong_gradient(
    wanted: str, batch: int, data: dict[str, PreparedData]
) -> None:
    """The training will diverge, which is recorded: nothing is wrong with the engine."""
    for dtype, prepared in data.items():
        problem, initial = overflowing(dtype, batch)
        with np.errstate(all="ignore"):
            assert gradient_error(choose(problem, wanted), problem, initial, prepared.train) == 0


@pytest.fixture
def wrong_slope(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an activation in the table whose derivative is wrong: that of tanh at half of it."""

    def backward(delta: Array, output: Array) -> None:
        delta *= 1 - 0.5 * output * output

    entry = Activation(ACTIVATIONS["tanh"].apply, backward)
    monkeypatch.setattr(ACTIVATIONS, "_entries", {**ACTIVATIONS, "mine": entry})
    monkeypatch.setattr(ACTIVATIONS, "outside", {"mine": __name__})
    return "mine"


@pytest.mark.parametrize("batch_size", [1, 50])
def test_a_wrong_derivative_of_ones_own_stops_the_cell_in_one_line(
    batch_size: int, wrong_slope: str, small_mnist: PreparedData
) -> None:
    config = Config(hidden=8, activation=wrong_slope, batch_size=batch_size, max_iterations=1)
    with pytest.raises(ExecutionError, match=REFUSED) as raised:
        train_block(config, [0, 1], small_mnist)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("wanted", ["numpy", "numba"])
def test_the_result_says_what_the_gradient_was_off_by(
    wanted: str, batch_size: int, small_mnist: PreparedData
) -> None:
    """One number for the whole block, and none that float32 could not have; the bits stay a seed's own."""
    config = Config(
        hidden=8, batch_size=batch_size, max_iterations=3, parallel=ParallelConfig(kernels=wanted)
    )
    block = train_block(config, [0, 1], small_mnist)
    errors = {result.gradient_error for result in block}
    assert len(errors) == 1
    assert 1e-9 < errors.pop() < TOLERANCE
