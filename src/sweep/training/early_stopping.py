"""When a seed has stopped improving."""

from dataclasses import dataclass, field

import numpy as np

from sweep.types import Array


@dataclass
class Best:
    """The best evaluation of one seed so far, and how many evaluations have `waited` since.

    `value` is the monitored metric with the sign that makes smaller better. `evaluation` counts from 0.
    `parameters`, (parameters,), are the weights of then, if they are to be kept.
    """

    value: float = np.inf
    evaluation: int = -1
    waited: int = 0
    parameters: Array | None = field(default=None, repr=False)

    def improved_by(self, value: float, evaluation: int) -> bool:
        """Note the next evaluation, and return whether it is strictly better than all before."""
        if value < self.value:
            self.value, self.evaluation, self.waited = value, evaluation, 0
            return True
        self.waited += 1
        return False
