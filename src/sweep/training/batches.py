"""Which examples make up each mini-batch."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class BatchOrder:
    """The order of the training examples for every seed of a block, drawn anew for each epoch.

    There is one generator for each seed, which gives it an order of its own, or, if `shared`, one generator
    for all. `examples` is the size of the training part, `batch` that of a mini-batch.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], examples: int, batch: int, *, shared: bool
    ) -> None:
        self.generators, self.shared = list(generators), shared
        self.examples, self.batch = examples, batch
        self._order: Rows = np.arange(0)

    def epoch(self) -> Iterator[Rows]:
        """The mini-batches of one epoch as positions of examples, (batch,) if shared, else (seeds, batch).

        The last one is smaller if the batch size does not divide the number of examples.
        """
        orders = [generator.permutation(self.examples) for generator in self.generators]
        self._order = orders[0] if self.shared else np.array(orders)
        for start in range(0, self.examples, self.batch):
            yield self._order[..., start : start + self.batch]

    def select(self, positions: list[int]) -> None:
        """Go on with the seeds at these positions of the block, from the next mini-batch."""
        if not self.shared:
            self.generators = [self.generators[position] for position in positions]
            self._order = self._order[positions]
