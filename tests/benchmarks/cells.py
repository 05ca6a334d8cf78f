"""The cells that are compared: one network, batch size and optimizer each."""

import itertools
from dataclasses import dataclass

IMAGES = 60_000
INPUTS, OUTPUTS = 784, 10
RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.001}


@dataclass(frozen=True)
class BenchmarkCell:
    """A network of `depth` hidden layers of `hidden` ReLU units, softmax and cross-entropy."""

    hidden: int
    depth: int
    batch: int
    optimizer: str

    @property
    def units(self) -> tuple[int, ...]:
        """Units of every layer."""
        return (INPUTS, *(self.hidden,) * self.depth, OUTPUTS)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-IMAGES // self.batch)

    @property
    def rate(self) -> float:
        """The learning rate."""
        return RATES[self.optimizer]

    @property
    def flops(self) -> float:
        """Multiplications and additions of an epoch's matrix products, training only."""
        layers = [inputs * outputs for inputs, outputs in itertools.pairwise(self.units)]
        return 2.0 * IMAGES * (3 * sum(layers) - layers[0])

    def __str__(self) -> str:
        layers = f"{self.hidden}x{self.depth}" if self.depth > 1 else str(self.hidden)
        return f"784-{layers}-10, batch {self.batch}, {self.optimizer}"


def all_cells() -> list[BenchmarkCell]:
    """The whole comparison: width x depth x batch x optimizer."""
    return [
        BenchmarkCell(*values)
        for values in itertools.product((16, 128, 256), (1, 3), (1, 50, 128, 1024), RATES)
    ]
