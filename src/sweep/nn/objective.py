"""The function that training minimises: a loss of the outputs of an output function."""

from dataclasses import dataclass

from sweep.nn import Array
from sweep.nn.losses import LOSSES, Loss
from sweep.nn.outputs import OUTPUTS, Output


@dataclass(frozen=True)
class Objective:
    """An output function, a loss that can be combined with it, and the reduction over a mini-batch.

    `reduction` is "mean", for the gradient of the batch's mean loss, or "sum", for B times that. "sum" needs
    an additive loss.
    """

    output: Output
    loss: Loss
    reduction: str = "mean"

    @classmethod
    def named(cls, output: str, loss: str, reduction: str = "mean") -> "Objective":
        """Return the objective with the output function and the loss of these names, in default settings."""
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
        """Return the outputs a of pre-activations z, both (seeds, batch, outputs)."""
        a = z.copy(order="K")
        self.output.apply(a)
        return a

    def examples(self, z: Array, y: Array) -> Array:
        """Return the loss of each example, (seeds, batch), from z, (seeds, batch, outputs), and targets y."""
        # A loss that matches its output function is computed from z alone: the outputs are not needed.
        return self.loss.examples(z, z if self.loss.matched else self.outputs(z), y)

    def batch_loss(self, z: Array, y: Array) -> float:
        """Return E of one seed's mini-batch, from z, (1, batch, outputs), and targets y, (batch, outputs)."""
        loss = self.loss.total(float(self.examples(z, y).mean()))
        return loss * z.shape[-2] if self.reduction == "sum" else loss
