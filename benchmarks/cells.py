"""The cells that are timed: one network, mini-batch size, optimizer and loss each, as settings of `sweep`.

`add_arguments` and `selected` choose some of them on a command line.
"""

import argparse
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

IMAGES = 60_000
INPUTS, OUTPUTS = 784, 10
VALIDATION, TEST = 6_000, 10_000  # examples of these parts, if a whole epoch is timed with its evaluation
RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.001}
ACTIVATIONS = ("relu", "sigmoid", "tanh")
WIDTHS = (16, 128, 256)


@dataclass(frozen=True)
class Cell:
    """A network of `depth` hidden layers of `hidden` units, and how it is trained.

    `loss` is cross_entropy (of a softmax) or mse (of sigmoid outputs). With `epoch`, a whole epoch of 54,000
    images is timed with the evaluation of 54,000, 6,000 and 10,000 images; otherwise steps alone.
    """

    hidden: int
    depth: int
    batch: int
    optimizer: str
    activation: str = "relu"
    loss: str = "cross_entropy"
    penalty: str = "none"
    epoch: bool = False

    @property
    def units(self) -> tuple[int, ...]:
        """Return the units of every layer."""
        return (INPUTS, *(self.hidden,) * self.depth, OUTPUTS)

    @property
    def seeds(self) -> int:
        """Return the seeds that an engine trains at once; for whole epochs the default of `sweep`."""
        return 5 if self.epoch else 10

    @property
    def images(self) -> int:
        """Return the number of images of the training part."""
        return IMAGES - VALIDATION if self.epoch else IMAGES

    @property
    def epoch_steps(self) -> int:
        """Return the number of mini-batches of an epoch."""
        return -(-self.images // self.batch)

    @property
    def rate(self) -> float:
        """Return the learning rate."""
        return RATES[self.optimizer]

    @property
    def flops(self) -> float:
        """Return the operations in the matrix products of an epoch, and of its evaluation if it is timed."""
        # The first layer needs no gradient of its inputs: two products instead of three.
        layers = [inputs * outputs for inputs, outputs in itertools.pairwise(self.units)]
        evaluated = IMAGES + TEST if self.epoch else 0
        return 2.0 * self.images * (3 * sum(layers) - layers[0]) + 2.0 * evaluated * sum(layers)

    def settings(self, steps: int) -> dict[str, Any]:
        """Return the settings of `sweep` for `steps` steps, or for one epoch if `epoch` is set.

        Steps alone are evaluated once, at their end, on few images.
        """
        chosen: dict[str, Any] = {
            "hidden": self.hidden,
            "depth": self.depth,
            "batch_size": self.batch,
            "activation": self.activation,
            "loss": self.loss,
            "output": "sigmoid" if self.loss == "mse" else "softmax",
            "optimizer": "adam" if self.optimizer == "adam" else "sgd",
            "regularization": self.penalty,
            "learning_rate": self.rate,
        }
        if self.optimizer == "momentum":
            chosen["momentum"] = 0.9
        if self.epoch:
            return chosen | {"epochs": 1, "data.validation_size": VALIDATION}
        return chosen | {
            "max_iterations": steps,
            "evaluation.every": steps,
            "evaluation.parts": ["test"],
            "data.validation_size": 0,
            "data.test_size": 100,
        }

    def __str__(self) -> str:
        layers = f"{self.hidden}x{self.depth}" if self.depth > 1 else str(self.hidden)
        words = [f"784-{layers}-10", f"batch {self.batch}", self.optimizer]
        if self.activation != "relu":
            words[0] += f" {self.activation}"
        words += ["mse"] if self.loss == "mse" else []
        words += [self.penalty] if self.penalty != "none" else []
        words += ["epoch with evaluation"] if self.epoch else []
        return ", ".join(words)


@dataclass(frozen=True)
class Group:
    """Cells of the comparison with peers that one table and one figure show."""

    title: str
    figure: str
    cells: tuple[Cell, ...]


def _cells(*axes: Iterable[Any], **same: Any) -> tuple[Cell, ...]:
    """Return all combinations of hidden units, depths, mini-batch sizes, optimizers and activations."""
    return tuple(Cell(*values, **same) for values in itertools.product(*axes))


# Cells with the same network and mini-batch follow one another, so that a peer compiles once for all of them.
GROUPS = (
    Group("ReLU", "seconds.png", _cells(WIDTHS, (1, 3), (1, 50, 128, 1024), RATES)),
    Group(
        "Sigmoid and tanh",
        "seconds_activations.png",
        tuple(
            cell
            for activation in ("sigmoid", "tanh")
            for cell in _cells(WIDTHS, (1,), (50, 128), ("sgd", "adam"), (activation,))
        ),
    ),
    Group(
        "Squared error of sigmoid outputs",
        "seconds_mse.png",
        _cells(WIDTHS, (1,), (50, 128), ("sgd",), ("sigmoid",), loss="mse"),
    ),
    Group(
        "Whole epochs with evaluation",
        "seconds_epochs.png",
        tuple(
            cell
            for activation in ACTIVATIONS
            for cell in _cells(WIDTHS, (1,), (50, 128), ("sgd",), (activation,), epoch=True)
        ),
    ),
)


def published() -> list[Cell]:
    """Return the cells of the comparison with peers, in the order of its page."""
    return [cell for group in GROUPS for cell in group.cells]


def grid() -> list[Cell]:
    """Return the cells of `--against --all`: activation x width x mini-batch x optimizer."""
    return [
        Cell(hidden, 1, batch, optimizer, activation)
        for activation, hidden, batch, optimizer in itertools.product(
            ACTIVATIONS, WIDTHS, (1, 50, 128), RATES
        )
    ]


def third_of_grid() -> list[Cell]:
    """Return a third of `grid` that has each triple of values of three settings once (a 3^(4-1) design)."""
    levels = itertools.product(range(3), repeat=4)
    return [cell for cell, numbers in zip(grid(), levels, strict=True) if sum(numbers) % 3 == 0]


def others() -> list[Cell]:
    """Return further cells of `--against`: squared error, penalty, depth, whole epochs."""
    return [
        Cell(16, 1, 50, "sgd", "sigmoid", "mse"),
        Cell(128, 1, 50, "sgd", "sigmoid", "mse"),
        Cell(256, 1, 1, "sgd", "tanh", "mse"),
        Cell(128, 1, 50, "sgd", "relu", penalty="l2"),
        Cell(128, 1, 50, "adam", "tanh", penalty="l2"),
        Cell(16, 1, 128, "sgd", "sigmoid", penalty="l1"),
        Cell(128, 3, 50, "adam"),
        Cell(16, 1, 50, "sgd", "sigmoid", epoch=True),
        Cell(128, 1, 128, "adam", "relu", epoch=True),
        Cell(128, 1, 50, "sgd", "tanh", "mse", epoch=True),
    ]


CHOSEN = ("hidden", "batch", "activation", "optimizer", "loss")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --only for a part of a name, and --hidden, --batch ... for values."""
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="TEXT", help="cells whose name contains all of these"
    )
    types = {field.name: field.type for field in fields(Cell)}
    for name in CHOSEN:
        kind = int if types[name] is int else str
        parser.add_argument(
            f"--{name}", nargs="+", type=kind, help=f"cells with one of these values of {name}"
        )


def selected(cell: Cell, arguments: argparse.Namespace) -> bool:
    """Return True if the command line is for this cell."""
    named = all(text in str(cell) for text in arguments.only)
    return named and all(
        getattr(arguments, name) is None or getattr(cell, name) in getattr(arguments, name) for name in CHOSEN
    )
