"""A whole step on a mini-batch for every seed of a block whose network lies in panels (the extra `fast`)."""

from sweep.nn.compiled import Rule, constants_of
from sweep.nn.losses import Objective
from sweep.nn.network import Network
from sweep.nn.optimizers import Hyperparameters
from sweep.nn.panel_network import PanelNetwork
from sweep.types import Array


class MiniBatch:
    """The compiled step of a network and an optimizer: weights move as soon as their gradient is there."""

    def __init__(
        self, network: PanelNetwork, objective: Objective, rule: Rule, state: tuple[Network, ...]
    ) -> None:
        """`state` are the networks that hold what the rule keeps between steps."""
        self.network, self.objective, self.rule = network, objective, rule
        # A network that a rule does not keep is never looked at.
        self.first, self.second = (*state, network, network)[:2]
        # Plain descent adds products to the weights and momentum to the velocities; Adam needs the gradient.
        self.gradient: Network = {Rule.sgd: network, Rule.momentum: self.first}.get(rule) or network.zeros()

    def step(
        self, features: Array, targets: Array, rate: float, number: int, constants: Hyperparameters
    ) -> None:
        """Take step `number` (from 1) on a mini-batch as `PanelNetwork.gather` returns it."""
        numbers = constants_of(self.rule, constants, rate, number, self.network.flat.dtype)
        scale, add = (-rate if self.rule is Rule.sgd else 1.0), self.rule is not Rule.adam
        self.network.learn(
            features,
            targets,
            self.objective,
            (self.gradient, self.first, self.second),
            self.rule,
            numbers,
            scale=scale,
            add=add,
        )
