"""What training makes small: an output function and a loss that go together."""

from dataclasses import dataclass

from sweep.nn.losses import LOSSES, Loss
from sweep.nn.outputs import OUTPUTS, Output
from sweep.types import Array


@dataclass(frozen=True)
class Objective:
    """An output function and a loss that go together, and how a batch is reduced.

    `reduction` is "mean" (the gradient of the batch's mean loss) or "sum" (B times that; additive losses
    only).
    """

    output: Output
    loss: Loss
    reduction: str = "mean"

    @classmethod
    def named(cls, output: str, loss: str, reduction: str = "mean") -> "Objective":
        """The objective of these names, with the loss's own settings at their defaults."""
        return cls(OUTPUTS[output], LOSSES[loss](), reduction)

    def delta(self, z: Array, y: Array) -> None:
        """Replace the pre-activations z, (seeds, batch, outputs), by dE/dz of the batch loss E."""
        self.output.apply(z)
        if self.loss.matched:
            self.loss.gradient(z, y)
        else:
            a = z.copy(order="K")
            self.loss.gradient(z, y)
            self.output.backward(z, a)
        if self.reduction == "sum":
            z *= z.shape[-2]

    def outputs(self, z: Array) -> Array:
        """The outputs a of pre-activations z, (seeds, batch, outputs)."""
        a = z.copy(order="K")
        self.output.apply(a)
        return a

    def examples(self, z: Array, y: Array) -> Array:
        """The loss of each example, (seeds, batch), from z, (seeds, batch, outputs)."""
        # A loss that matches its output function is computed from z alone.
        return self.loss.examples(z, z if self.loss.matched else self.outputs(z), y)

    def batch_loss(self, z: Array, y: Array) -> float:
        """E of one seed's mini-batch, from its pre-activations (1, batch, outputs)."""
        loss = self.loss.total(float(self.examples(z, y).mean()))
        return loss * z.shape[-2] if self.reduction == "sum" else loss
