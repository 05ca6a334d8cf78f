"""The gradient gate passes every right engine, and stops a cell with a wrong gradient."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from tests.engines.problems import OBJECTIVES, REGULARIZER, Setup

from sweep.config.schema import Config, ParallelConfig
from sweep.core.errors import ExecutionError
from sweep.data.preprocessing import PreparedData
from sweep.engines import choose
from sweep.engines.compiled import MiniBatchEngine, SingleExampleEngine
from sweep.engines.engine import Engine, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn import Array
from sweep.nn.activations import ACTIVATIONS, Activation
from sweep.nn.initializers import INITIALIZERS, Initializer, Normal
from sweep.nn.regularizers import L1, L2
from sweep.training.gradient_gate import TOLERANCE, gradient_error
from sweep.training.problem import problem_for
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
    """Yield all activations, initializers and depths, while objectives, penalties and biases go round."""
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
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_right_gradient_passes(kernels: str, batch: int, dtype: str, data: dict[str, PreparedData]) -> None:
    """Right gradients pass, also of dead narrow networks and of zero, tiny and large weights."""
    for parts, initializer in cells(batch):
        problem = Setup(NumpyEngine, batch, True).problem(**parts)
        engine = choose(problem, kernels)
        assert (engine is NumpyEngine) == (kernels == "numpy")
        initial = problem.architecture.initial_parameters(initializer, np.random.default_rng(0))
        error = gradient_error(engine, problem, initial.astype(dtype), train=data[dtype].train)
        assert 0 <= error <= TOLERANCE


def test_right_gradient_few_examples(data: dict[str, PreparedData]) -> None:
    """The training part may have fewer examples than the check uses."""
    problem = Setup(NumpyEngine, 2, True).problem((784, 5, 10))
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(0))
    train = data["float64"].train.head(2)
    assert gradient_error(NumpyEngine, problem, initial, train=train) < TOLERANCE


# Engines that are wrong in one way each.
def wrong(base: type[Engine], change: Any) -> type[Engine]:
    """Return an engine like `base` with a changed gradient."""

    def gradient(self: Engine, features: Array, targets: Array, rows: Rows) -> Array:
        changed: Array = change(base.gradient(self, features, targets, rows).copy())
        return changed

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
def test_wrong_gradient_is_refused(
    base: type[Engine], batch: int, change: str, data: dict[str, PreparedData]
) -> None:
    """Every engine with a wrong gradient is refused."""
    for dtype in data:
        for penalty in REGULARIZER.values():
            problem = Setup(base, batch, True).problem((784, 6, 10), regularizer=penalty)
            initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
            start, train = initial.astype(dtype), data[dtype].train
            assert gradient_error(base, problem, start, train=train) < TOLERANCE
            with pytest.raises(ExecutionError, match=REFUSED):
                gradient_error(wrong(base, CHANGES[change]), problem, start, train=train)


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
def test_wrong_penalty_is_refused(batch: int, regularizer: L1 | L2, data: dict[str, PreparedData]) -> None:
    """A penalty with a wrong gradient is refused."""
    problem = Setup(NumpyEngine, batch, True).problem((784, 6, 10), regularizer=regularizer)
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
    with pytest.raises(ExecutionError, match=REFUSED):
        gradient_error(choose(problem), problem, initial, train=data["float64"].train)


def overflowing(dtype: str, batch: int) -> tuple[Any, Array]:
    """Return a problem and weights with outputs that are not finite."""
    problem = Setup(NumpyEngine, batch, True).problem((784, 6, 10), "relu")
    initial = problem.architecture.initial_parameters(INITIALIZERS["he"](), np.random.default_rng(1))
    return problem, (initial * {"float32": 1e25, "float64": 1e200}[dtype]).astype(dtype)


@pytest.mark.parametrize("batch", [1, 50])
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_overflowing_weights_pass(kernels: str, batch: int, data: dict[str, PreparedData]) -> None:
    """The training will diverge, which is recorded: the engine is right."""
    for dtype, prepared in data.items():
        problem, initial = overflowing(dtype, batch)
        with np.errstate(all="ignore"):
            assert gradient_error(choose(problem, kernels), problem, initial, train=prepared.train) == 0


@pytest.fixture
def wrong_slope(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register tanh with a wrong derivative, and return its name."""

    def backward(delta: Array, output: Array) -> None:
        delta *= 1 - 0.5 * output * output

    entry = Activation(ACTIVATIONS["tanh"].apply, backward)
    monkeypatch.setattr(ACTIVATIONS, "_entries", {**ACTIVATIONS, "mine": entry})
    monkeypatch.setattr(ACTIVATIONS, "registered", {"mine": __name__})
    return "mine"


@pytest.mark.parametrize("batch_size", [1, 50])
def test_wrong_registered_derivative(batch_size: int, wrong_slope: str, small_mnist: PreparedData) -> None:
    """A registered activation with a wrong derivative stops the cell with a one-line error."""
    config = Config(hidden=8, activation=wrong_slope, batch_size=batch_size, max_iterations=1)
    with pytest.raises(ExecutionError, match=REFUSED) as raised:
        train_block(problem_for(config, small_mnist), [0, 1], small_mnist)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_gradient_error_in_result(kernels: str, batch_size: int, small_mnist: PreparedData) -> None:
    """The block has one gradient error, and one that is plausible for float32."""
    config = Config(
        hidden=8, batch_size=batch_size, max_iterations=3, parallel=ParallelConfig(kernels=kernels)
    )
    block = train_block(problem_for(config, small_mnist), [0, 1], small_mnist)
    errors = {result.gradient_error for result in block}
    assert len(errors) == 1
    assert 1e-9 < errors.pop() < TOLERANCE
