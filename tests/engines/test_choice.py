"""The choice of engine: a compiled one if every part has a formula, otherwise NumPy's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.engines.problems import SETUPS, SOFTMAX, Setup, data, initial, run, trained

from sweep.config.schema import Config, ParallelConfig
from sweep.core.setting import Registry
from sweep.data.preprocessing import PreparedData
from sweep.engines import KERNELS, choose, installed, kernels_for
from sweep.engines.compiled import MiniBatchEngine, SingleExampleEngine
from sweep.engines.engine import Engine, Problem
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn import Array
from sweep.nn.activations import ACTIVATIONS, Activation
from sweep.nn.losses import LOSSES, CrossEntropy
from sweep.nn.objective import Objective
from sweep.nn.optimizers import OPTIMIZERS, Adam, Sgd, State
from sweep.nn.outputs import OUTPUTS, Output
from sweep.nn.regularizers import L2, REGULARIZERS, NoPenalty
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

# Built-in entries of nn's tables that only NumPy's engine supports, and why.
NUMPY_ONLY: dict[str, str] = {}

COMPILED: list[tuple[int, type[Engine]]] = [(1, SingleExampleEngine), (7, MiniBatchEngine)]


def problem(batch: int = 7, **parts: Any) -> Problem:
    """Return a problem that the compiled engines support, except for `parts`."""
    return Setup(NumpyEngine, batch, True).problem(**parts)


def built_in_entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every built-in entry of the tables of nn, by name, as a part of a problem."""
    for name in ACTIVATIONS.builtin:
        yield name, {"activation": name}
    for name in OPTIMIZERS.builtin:
        yield name, {"optimizer": OPTIMIZERS[name]()}
    for name in REGULARIZERS.builtin:
        yield name, {"regularizer": REGULARIZERS[name]()}
    for loss in LOSSES.builtin:
        for output in LOSSES[loss].goes_with():
            yield f"{output} with {loss}", {"objective": Objective.named(output, loss)}


@pytest.mark.parametrize(("batch", "engine"), COMPILED)
def test_compiled_engines_support_all_of_nn(batch: int, engine: type[Engine]) -> None:
    """Every entry of the tables of `nn` has a formula in the compiled engines."""
    unknown = [name for name, parts in built_in_entries() if choose(problem(batch, **parts)) is not engine]
    assert unknown == list(NUMPY_ONLY)
    assert {
        output for output in OUTPUTS.builtin if f"{output} with mse" not in dict(built_in_entries())
    } == set()


@pytest.mark.parametrize("batch", [1, 7])
def test_choose_by_name(batch: int) -> None:
    """The engine that `parallel.kernels` asks for is chosen."""
    assert choose(problem(batch), "numpy") is NumpyEngine
    assert choose(problem(batch), "numba") is choose(problem(batch), "auto") is dict(COMPILED)[batch]
    assert all(map(installed, KERNELS))


def test_kernels_for_recorded_name() -> None:
    """The name in a record gives the setting; both compiled engines share one name."""
    for engine in (NumpyEngine, MiniBatchEngine, SingleExampleEngine):
        info = engine.info()
        assert info.name == {"numpy": "numpy", "numba": "compiled"}[kernels_for(info.name)]
        assert info.numerics >= 1
    assert MiniBatchEngine.info() == SingleExampleEngine.info()
    assert "numba" in MiniBatchEngine.version()
    assert "numba" not in NumpyEngine.version()


# Functions and classes that a user may write, some derived from those of nn.
def twice_tanh(z: Array) -> None:
    np.tanh(z, out=z)
    z *= 2


def twice_tanh_backward(delta: Array, output: Array) -> None:
    delta *= 2 - 0.5 * output * output


@dataclass(frozen=True)
class SignSgd(Sgd):
    """p <- p - rate * sign(g)."""

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        parameters -= rate * np.sign(gradient)


@dataclass(frozen=True)
class MyAdam(Adam):
    """Adam under another name."""


@dataclass(frozen=True)
class Quartic(NoPenalty):
    """C = 0.01 sum w^4."""

    def penalty(self, weights: Array) -> float:
        return 0.01 * float((weights**4).sum())

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        gradient += 0.04 * weights**3


@dataclass(frozen=True)
class MyL2(L2):
    """L2 under another name."""


@dataclass(frozen=True)
class MyCrossEntropy(CrossEntropy):
    """Cross-entropy under another name."""


MINE = Activation(twice_tanh, twice_tanh_backward)
FOREIGN: dict[str, dict[str, Any]] = {
    "optimizer": {"optimizer": SignSgd()},
    "optimizer with momentum": {"optimizer": SignSgd(0.9)},
    "derived optimizer": {"optimizer": MyAdam()},
    "regularizer": {"regularizer": Quartic()},
    "derived regularizer": {"regularizer": MyL2()},
    "loss": {"objective": replace(SOFTMAX, loss=MyCrossEntropy())},
    "output": {"objective": replace(SOFTMAX, output=Output(lambda z: None, lambda gradient, a: None))},
}


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("kind", FOREIGN)
def test_choose_foreign_entries(kind: str, batch: int) -> None:
    """Entries that are not from `nn`, or are derived from its classes, are left to NumPy."""
    assert choose(problem(batch, **FOREIGN[kind]), "numba") is NumpyEngine


@pytest.mark.parametrize("kind", ["optimizer", "optimizer with momentum", "regularizer"])
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.engine is NumpyEngine], ids=str)
def test_numpy_derived_classes(setup: Setup, kind: str) -> None:
    """NumPy's engine calls the methods of a derived class, not shortcuts for its base class."""
    (features, targets), batches = data(9, 4), setup.rows(5, 2)
    foreign = setup.problem(**FOREIGN[kind])
    parameters = initial(foreign, 2)
    computed = run(NumpyEngine(foreign, parameters), features, targets, batches, 0.1)
    np.testing.assert_allclose(
        computed, trained(foreign, parameters, features, targets, batches, 0.1), rtol=1e-10, atol=1e-10
    )


Entries = Callable[[Registry[Any], str, Any], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Entries:
    """Return a function that adds a registered entry to a table for one test."""

    def entry(table: Registry[Any], name: str, value: Any) -> None:
        monkeypatch.setattr(table, "_entries", {**table._entries, name: value})
        monkeypatch.setattr(table, "registered", {**table.registered, name: __name__})

    return entry


@pytest.mark.parametrize(("batch", "engine"), COMPILED)
@pytest.mark.parametrize("name", ["mine", "tanh", "relu"])
def test_choose_ignores_names(name: str, batch: int, engine: type[Engine], put: Entries) -> None:
    """An activation is recognised by its functions, not by its name."""
    put(ACTIVATIONS, name, MINE)
    assert choose(problem(batch, activation=name)) is NumpyEngine
    assert choose(problem(batch, activation="sigmoid")) is engine


@pytest.mark.parametrize("batch_size", [1, 50])
def test_added_activation_is_trained_by_numpy(
    batch_size: int, put: Entries, small_mnist64: PreparedData
) -> None:
    """One entry in the table is enough; the bits and the record are those of NumPy's engine."""
    put(ACTIVATIONS, "mine", Activation(ACTIVATIONS["tanh"].apply, _tanh_slope))
    results = {}
    for activation in ("mine", "tanh"):
        config = Config(
            hidden=16,
            activation=activation,
            batch_size=batch_size,
            max_iterations=30,
            precision="float64",
            parallel=ParallelConfig(kernels="numba" if activation == "mine" else "numpy"),
        )
        (results[activation],) = train_block(problem_for(config, small_mnist64), [0], small_mnist64)
    assert results["mine"].engine == results["tanh"].engine == NumpyEngine.info()
    np.testing.assert_array_equal(results["mine"].parameters, results["tanh"].parameters)


def _tanh_slope(delta: Array, output: Array) -> None:
    """Do the same as the built-in function."""
    ACTIVATIONS["tanh"].backward(delta, output)
