"""Optimizers: a state that starts at zero, and a step that changes parameters and state in place.

All work on flat parameters of all seeds at once, in NumPy a cache-sized piece at a time: a step reads and
writes each number several times, and the second time it is still in the cache. What becomes of a number does
not depend on where it lies, so that a seed's bits do not depend on its neighbours. The learning rate
multiplies outside the momentum buffer, as in PyTorch and optax (scikit-learn has it inside; under a constant
rate both are the same). A new optimizer is one entry in `OPTIMIZERS`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sweep.nn.kernels import Kernels
from sweep.nn.losses import Objective
from sweep.nn.network import Network
from sweep.types import Array

if TYPE_CHECKING:
    from sweep.nn.mini_batch import MiniBatch
    from sweep.nn.one_example import OneExample

PIECE = 65_536  # elements; a few arrays of this length fit a core's own cache

# A momentum that no gradient feeds any more decays into denormal numbers, on which a processor is a
# hundred times slower. Every FLUSH_STEPS, entries too small to move a weight are set to zero.
FLUSH_STEPS = 16
NEGLIGIBLE_VELOCITY = 1e-20
# Adam's second moment counts by its root, beside an epsilon of about 1e-8.
NEGLIGIBLE_MOMENTS = (1e-20, 1e-30)
NEGLIGIBLE_GRADIENT = 1e-17  # its square would be denormal


@dataclass(frozen=True)
class Hyperparameters:
    """The constants of an optimizer; each uses those that its equation names."""

    momentum: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def corrected(self, rate: float, step: int) -> tuple[float, float]:
        """Adam's rate and epsilon of step `step` (from 1), with both bias corrections moved into them."""
        correction = float(np.sqrt(1 - self.beta2**step))
        return rate * correction / (1 - self.beta1**step), self.epsilon * correction


Step = Callable[[Array, Array, tuple[Array, ...], float, int, Hyperparameters], None]


def _sgd(
    parameters: Array,
    gradient: Array,
    state: tuple[Array, ...],
    rate: float,
    step: int,
    constants: Hyperparameters,
) -> None:
    """p <- p - rate * g."""
    parameters -= rate * gradient


def _momentum(
    parameters: Array,
    gradient: Array,
    state: tuple[Array, ...],
    rate: float,
    step: int,
    constants: Hyperparameters,
) -> None:
    """v <- momentum * v + g; p <- p - rate * v (Polyak 1964).

    The state between steps is momentum * v, on which BLAS adds up the next gradient while it multiplies.
    """
    (velocity,) = state
    velocity += gradient
    parameters -= rate * velocity
    velocity *= constants.momentum


def _adam(
    parameters: Array,
    gradient: Array,
    state: tuple[Array, ...],
    rate: float,
    step: int,
    constants: Hyperparameters,
) -> None:
    """Adam (Kingma and Ba 2015, algorithm 1).

    m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; p <- p - rate * m' / (sqrt(v') + epsilon) with
    m' = m / (1 - b1^t), v' = v / (1 - b2^t). Both corrections are moved into the rate and epsilon.
    """
    first, second = state
    rate, epsilon = constants.corrected(rate, step)
    first *= constants.beta1
    second *= constants.beta2
    scaled = gradient * (1 - constants.beta1)
    first += scaled
    np.multiply(gradient, gradient, out=scaled)
    scaled *= 1 - constants.beta2
    second += scaled
    np.sqrt(second, out=scaled)
    scaled += epsilon
    np.divide(first, scaled, out=scaled)
    scaled *= rate
    parameters -= scaled


@dataclass(frozen=True)
class Rule:
    """A step, and for each array of state that it keeps the magnitude below which an entry is nothing.

    `fused` says that the step is one pass over memory, which needs no pieces and sees to negligible entries.
    """

    step: Step
    negligible: tuple[float, ...] = ()
    fused: bool = False


OPTIMIZERS: dict[str, Rule] = {"sgd": Rule(_sgd), "adam": Rule(_adam, NEGLIGIBLE_MOMENTS)}
_MOMENTUM = Rule(_momentum, (NEGLIGIBLE_VELOCITY,))


def _rule(name: str, constants: Hyperparameters, kernels: Kernels) -> Rule:
    if name == "sgd" and constants.momentum:
        return _MOMENTUM
    if name == "adam" and kernels is Kernels.NUMBA:
        from sweep.nn import compiled

        return replace(OPTIMIZERS[name], step=compiled.adam, fused=True)
    return OPTIMIZERS[name]


class Optimizer:
    """An optimizer with its state for the networks of a block of seeds."""

    def __init__(
        self,
        name: str,
        constants: Hyperparameters,
        network: Network,
        state: tuple[Network, ...] | None = None,
        step: int = 0,
    ) -> None:
        """Start at zero, or go on from `state`; the parameters of `network` are changed in place.

        The state is shaped as the parameters are: velocities have weights and biases, too.
        """
        self.rule = _rule(name, constants, network.kernels)
        self.name, self.constants, self.network, self.step = name, constants, network, step
        self.state = state or tuple(network.zeros() for _ in self.rule.negligible)
        self._compiled_steps: dict[Objective, MiniBatch | OneExample | None] = {}

    @cached_property
    def gradient(self) -> Network:
        """An array for the gradient, in the network's shape; it is made where a step needs one."""
        return self.network.zeros()

    def descend(self, features: Array, targets: Array, objective: Objective, rate: float) -> bool:
        """Take one step on a mini-batch without an array for its gradient; False where that cannot be.

        Without momentum the products are added to the weights, with momentum to the velocities.
        """
        network = self.network
        if (network.in_panels or features.shape[-2] == 1) and (compiled := self._compiled(objective)):
            self.step += 1
            compiled.step(features, targets, rate, self.step, self.constants)
            return True
        if self.name != "sgd":
            return False
        if self.constants.momentum:
            (velocity,) = self.state
            network.accumulate(features, targets, objective, 1.0, velocity)
            for parameters, direction in _pieces(network.flat, velocity.flat):
                parameters -= rate * direction
                direction *= self.constants.momentum
        else:
            network.accumulate(features, targets, objective, -rate, network)
        self._count()
        return True

    def kernels(self, objective: Objective, batch: int, penalised: bool) -> Kernels:
        """What runs the steps on mini-batches of `batch` examples, their gradients `penalised` or not."""
        single = batch == 1 and not penalised and self._compiled(objective) is not None
        return Kernels.NUMBA if self.network.in_panels or self.rule.fused or single else Kernels.NUMPY

    def _compiled(self, objective: Objective) -> "MiniBatch | OneExample | None":
        """The compiled step of this network, where there is one."""
        if objective not in self._compiled_steps:
            self._compiled_steps[objective] = self._compile(objective)
        return self._compiled_steps[objective]

    def _compile(self, objective: Objective) -> "MiniBatch | OneExample | None":
        network = self.network
        if network.kernels is not Kernels.NUMBA or network.interleaved:
            return None
        rule = "momentum" if self.name == "sgd" and self.constants.momentum else self.name
        from sweep.nn.compiled import Rule
        from sweep.nn.mini_batch import MiniBatch
        from sweep.nn.one_example import OneExample
        from sweep.nn.panel_network import PanelNetwork

        if isinstance(network, PanelNetwork):
            return MiniBatch(network, objective, Rule[rule], self.state) if rule in Rule.__members__ else None
        if not OneExample.knows(network.architecture.activation, objective, rule):
            return None
        return OneExample(network, objective, rule, tuple(each.parameters for each in self.state))

    def update(self, gradient: Network, rate: float) -> None:
        """Take one step against `gradient`, which lies as the network does."""
        arrays = (self.network.flat, gradient.flat, *(each.flat for each in self.state))
        if self.rule.fused:
            self._step(arrays, rate)
            self.step += 1
            return
        for pieces in _pieces(*arrays):
            self._step(pieces, rate)
        self._count()

    def _step(self, arrays: tuple[Array, ...], rate: float) -> None:
        parameters, gradient, *state = arrays
        self.rule.step(parameters, gradient, tuple(state), rate, self.step + 1, self.constants)

    def keep(self, seeds: list[int], network: Network) -> "Optimizer":
        """The optimizer of the seeds that stay in the block, for their new network."""
        state = tuple(each.keep(seeds) for each in self.state)
        return Optimizer(self.name, self.constants, network, state, self.step)

    def _count(self) -> None:
        self.step += 1
        if self.step % FLUSH_STEPS == 0:
            for each, bound in zip(self.state, self.rule.negligible, strict=True):
                each.flat[np.abs(each.flat) < bound] = 0


def _pieces(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same cache-sized piece of each of several flat arrays, one piece after the other."""
    for start in range(0, len(arrays[0]), PIECE):
        yield tuple(array[start : start + PIECE] for array in arrays)
