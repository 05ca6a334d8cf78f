"""What training minimises: a loss of the outputs of an output function."""

from dataclasses import dataclass

from sweep.core.types import Array
from sweep.nn.losses import LOSSES, Loss
from sweep.nn.outputs import OUTPUTS, Output


@dataclass(frozen=True)
class Objective:
    """An output function, a loss that can be combined with it, and how the losses of a batch are reduced.

    `reduction` is "mean", for the gradient of the batch's mean loss, or "sum", for B times that. "sum" is
    only for additive losses.
    """

    output: Output
    loss: Loss
    reduction: str = "mean"

    @classmethod
    def named(cls, output: str, loss: str, reduction: str = "mean") -> "Objective":
        """The objective of the output function and the loss of these names; the loss has default settings."""
        return cls(OUTPUTS[output], LOSSES[loss](), reduction)

    def delta(self, z: Array, y: Array) -> None:
        """Replace the pre-activations z, (seeds, batch, outputs), by dE/dz of the batch loss E.

        `y` are the targets, (seeds, batch, outputs) or (batch, outputs).
        """
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
        """The loss of each example, (seeds, batch), from z, (seeds, batch, outputs), and the targets y."""
        # A loss that matches its output function is computed from z alone, so that the outputs are not
        # needed.
        return self.loss.examples(z, z if self.loss.matched else self.outputs(z), y)

    def batch_loss(self, z: Array, y: Array) -> float:
        """E of one seed's mini-batch, from its pre-activations (1, batch, outputs)."""
        loss = self.loss.total(float(self.examples(z, y).mean()))
        return loss * z.shape[-2] if self.reduction == "sum" else loss
