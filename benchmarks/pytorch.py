"""PyTorch: nn.Sequential and fused optimizers, one seed, eager or through torch.compile."""

import itertools
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from benchmarks.cells import Cell
from benchmarks.measuring import WARM_UP, Measure, mini_batches, pieces

from sweep.data.preprocessing import PreparedData

ACTIVATIONS = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
Function = Callable[..., torch.Tensor]


def eager(cell: Cell, data: PreparedData) -> Measure:
    """Train as most people write it."""
    model = _model(cell.units, cell.activation)
    return _measure(cell, data, model, *_functions(model, cell.loss))


def compiled(cell: Cell, data: PreparedData) -> Measure:
    """Train with the loss and the evaluation through torch.compile."""
    return _measure(cell, data, *_compiled(cell.units, cell.activation, cell.loss, cell.batch))


@lru_cache(maxsize=1)
def _compiled(
    units: tuple[int, ...], activation: str, loss: str, batch: int
) -> tuple[torch.nn.Module, Function, Function]:
    """Return a model with its compiled functions, which serve all optimizers: compiling is slow."""
    torch.compiler.reset()  # or it would generalise the code of an earlier size to serve this one as well
    model = _model(units, activation)
    of_batch, of_piece = _functions(model, loss)
    return model, torch.compile(of_batch), torch.compile(of_piece)


def _model(units: tuple[int, ...], activation: str) -> torch.nn.Module:
    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(units):
        layers += [torch.nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def _functions(model: torch.nn.Module, loss: str) -> tuple[Function, Function]:
    """Return two functions: the loss of a mini-batch, and the loss of a part with its correct answers."""

    def of_outputs(z: Any, target: Any) -> Any:
        if loss == "mse":
            return torch.nn.functional.mse_loss(torch.sigmoid(z), target)
        return torch.nn.functional.cross_entropy(z, target)

    def of_batch(rows: Any, target: Any) -> Any:
        return of_outputs(model(rows), target)

    def of_piece(rows: Any, target: Any, labels: Any) -> Any:
        z = model(rows)
        return torch.stack([of_outputs(z, target), (z.argmax(dim=1) == labels).sum()])

    return of_batch, of_piece


def _measure(
    cell: Cell, data: PreparedData, model: torch.nn.Module, of_batch: Function, of_piece: Function
) -> Measure:
    torch.set_num_threads(1)
    features = torch.from_numpy(data.train.features)
    targets = _targets(cell, data.train)
    parts = [
        (
            torch.from_numpy(part.features),
            _targets(cell, part),
            torch.from_numpy(part.labels.copy()),
        )
        for part in (pieces(data) if cell.epoch else ())
    ]
    optimizer = _optimizer(cell, model)

    def measure(steps: int) -> float:
        batches = torch.from_numpy(mini_batches(cell, data, steps))
        start = time.perf_counter()
        for rows in batches:
            optimizer.zero_grad()
            of_batch(features[rows], targets[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            for piece in parts:
                of_piece(*piece)
        return time.perf_counter() - start

    measure(WARM_UP)
    return measure


def _targets(cell: Cell, part: Any) -> torch.Tensor:
    """Return one-hot targets for squared error, else classes, with which `cross_entropy` is fastest."""
    return torch.from_numpy(part.targets if cell.loss == "mse" else part.labels)


def _optimizer(cell: Cell, model: torch.nn.Module) -> torch.optim.Optimizer:
    if cell.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), cell.rate, fused=True)
    momentum = 0.9 if cell.optimizer == "momentum" else 0.0
    return torch.optim.SGD(model.parameters(), cell.rate, momentum=momentum, fused=True)
