"""Which engine trains what: compiled where every part has a formula, else NumPy's, which knows everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.engines.problems import SETUPS, SOFTMAX, Setup, data, initial, run, trained

from sweep.config.schema import Config, ParallelConfig
from sweep.core.setting import Registry
from sweep.core.types import Array
from sweep.data.preprocessing import PreparedData
from sweep.engines.choice import WANTED, choose, installed, wanted_as
from sweep.engines.compiled import MiniBatchEngine, SingleExampleEngine
from sweep.engines.engine import Engine, Problem
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn.activations import ACTIVATIONS, Activation
from sweep.nn.losses import LOSSES, CrossEntropy
from sweep.nn.objective import Objective
from sweep.nn.optimizers import OPTIMIZERS, Adam, Sgd, State
from sweep.nn.outputs import OUTPUTS, Output
from sweep.nn.regularizers import L2, REGULARIZERS, NoPenalty
from sweep.training.trainer import train_block

# Entries of nn's own tables that only NumPy's engine knows, and why.
NUMPY_ONLY: dict[str, str] = {}

COMPILED: list[tuple[int, type[Engine]]] = [(1, SingleExampleEngine), (7, MiniBatchEngine)]


def problem(batch: int = 7, **parts: Any) -> Problem:
    """A problem all parts of which are known, but for those given."""
    return Setup(NumpyEngine, batch, True).problem(**parts)


def own_entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry of nn's own tables, each in a problem that is known but for it."""
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
def test_the_compiled_engines_know_all_of_nn(batch: int, engine: type[Engine]) -> None:
    unknown = [name for name, parts in own_entries() if choose(problem(batch, **parts)) is not engine]
    assert unknown == list(NUMPY_ONLY)
    assert {output for output in OUTPUTS.builtin if f"{output} with mse" not in dict(own_entries())} == set()


@pytest.mark.parametrize("batch", [1, 7])
def test_what_is_asked_for_is_chosen(batch: int) -> None:
    assert choose(problem(batch), "numpy") is NumpyEngine
    assert choose(problem(batch), "numba") is choose(problem(batch), "auto") is dict(COMPILED)[batch]
    assert all(map(installed, WANTED))


def test_the_name_in_a_record_tells_what_to_ask_for() -> None:
    """Both compiled engines are one to a record."""
    for engine in (NumpyEngine, MiniBatchEngine, SingleExampleEngine):
        info = engine.info()
        assert info.name == {"numpy": "numpy", "numba": "compiled"}[wanted_as(info.name)]
        assert info.numerics >= 1
    assert MiniBatchEngine.info() == SingleExampleEngine.info()
    assert "numba" in MiniBatchEngine.version()
    assert "numba" not in NumpyEngine.version()


# What somebody else may write: other functions and classes, also ones derived from ours.
def twice_tanh(z: Array) -> None:
    np.tanh(z, out=z)
    z *= 2


def twice_tanh_backward(delta: Array, output: Array) -> None:
    delta *= 2 - 0.5 * output * output


@dataclass(frozen=True)
class SignSgd(Sgd):
    """p <- p - rate * sign(g)."""

    def update(self, parameters: Array, gradient: Array, state: State, rate: float, step: int) -> None:
        parameters -= rate * np.sign(gradient)


@dataclass(frozen=True)
class MyAdam(Adam):
    """Adam without anything of its own."""


@dataclass(frozen=True)
class Quartic(NoPenalty):
    """C = 0.01 sum w^4."""

    def penalty(self, weights: Array) -> float:
        return 0.01 * float((weights**4).sum())

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        gradient += 0.04 * weights**3


@dataclass(frozen=True)
class MyL2(L2):
    """L2 without anything of its own."""


@dataclass(frozen=True)
class MyCrossEntropy(CrossEntropy):
    """Cross-entropy without anything of its own."""


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
def test_what_is_not_of_nn_is_left_to_numpy(kind: str, batch: int) -> None:
    assert choose(problem(batch, **FOREIGN[kind]), "numba") is NumpyEngine


@pytest.mark.parametrize("kind", ["optimizer", "optimizer with momentum", "regularizer"])
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.engine is NumpyEngine], ids=str)
def test_numpy_asks_a_class_derived_from_ours_for_its_own_step(setup: Setup, kind: str) -> None:
    (features, targets), batches = data(9, 4), setup.rows(5, 2)
    foreign = setup.problem(**FOREIGN[kind])
    parameters = initial(foreign, 2)
    found = run(NumpyEngine(foreign, parameters), features, targets, batches, 0.1)
    np.testing.assert_allclose(
        found, trained(foreign, parameters, features, targets, batches, 0.1), rtol=1e-10, atol=1e-10
    )


Entries = Callable[[Registry[Any], str, Any], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Entries:
    """Put an entry of somebody else's into a table, under any name, for one test."""

    def entry(table: Registry[Any], name: str, value: Any) -> None:
        monkeypatch.setattr(table, "_entries", {**table._entries, name: value})
        monkeypatch.setattr(table, "registered", {**table.registered, name: __name__})

    return entry


@pytest.mark.parametrize(("batch", "engine"), COMPILED)
@pytest.mark.parametrize("name", ["mine", "tanh", "relu"])
def test_an_activation_is_known_by_what_it_is_not_by_its_name(
    name: str, batch: int, engine: type[Engine], put: Entries
) -> None:
    put(ACTIVATIONS, name, MINE)
    assert choose(problem(batch, activation=name)) is NumpyEngine
    assert choose(problem(batch, activation="sigmoid")) is engine


@pytest.mark.parametrize("batch_size", [1, 50])
def test_an_activation_that_is_added_is_trained_by_numpy_and_the_record_says_so(
    batch_size: int, put: Entries, small_mnist64: PreparedData
) -> None:
    """One entry in the table is enough; the bits are those of the same function of ours in NumPy."""
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
        (results[activation],) = train_block(config, [0], small_mnist64)
    assert results["mine"].engine == results["tanh"].engine == NumpyEngine.info()
    np.testing.assert_array_equal(results["mine"].parameters, results["tanh"].parameters)


def _tanh_slope(delta: Array, output: Array) -> None:
    """As the package has it, but another function."""
    ACTIVATIONS["tanh"].backward(delta, output)
