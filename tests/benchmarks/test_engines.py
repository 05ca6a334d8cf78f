"""benchmarks.engines: every installed engine trains every kind of cell."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.cells import Cell
from benchmarks.engines import installed
from benchmarks.measuring import EVALUATED, mini_batches, pieces

from sweep.data.preprocessing import Part, PreparedData

# PyTorch's own code warns when it compiles.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

CELLS = [
    Cell(4, 1, 50, "sgd", "sigmoid"),
    Cell(4, 2, 50, "momentum", "tanh"),
    Cell(4, 1, 50, "adam", "relu"),
    Cell(4, 1, 50, "sgd", "sigmoid", "mse"),
]


@pytest.fixture(scope="module")
def data() -> PreparedData:
    """Draw random images in place of MNIST; only the first part has two pieces."""
    rng = np.random.default_rng(0)
    return PreparedData(*(_part(rng, size) for size in (EVALUATED + 1_000, EVALUATED, EVALUATED)))


def _part(rng: np.random.Generator, size: int) -> Part:
    labels = rng.integers(10, size=size)
    images = rng.normal(size=(size, 784)).astype(np.float32)
    return Part(images, np.eye(10, dtype=np.float32)[labels], labels, np.arange(size))


@pytest.mark.part(4)
@pytest.mark.parametrize("name", installed())
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_engine_times_a_cell(name: str, cell: Cell, data: PreparedData) -> None:
    assert installed()[name](cell, data)(5) > 0


@pytest.mark.parametrize("name", installed())
def test_engine_times_a_whole_epoch(name: str, data: PreparedData) -> None:
    assert installed()[name](replace(CELLS[0], epoch=True), data)(60) > 0


def test_mini_batches_go_through_all_images(data: PreparedData) -> None:
    few = PreparedData(data.train.head(10), data.train.head(0), data.test)
    rows = mini_batches(replace(CELLS[0], batch=4), few, 5)
    assert rows.shape == (5, 4)
    assert sorted(rows.flat) == sorted([*range(10)] * 2)
    assert sorted(rows.flat[:10]) == [*range(10)]


def test_pieces_are_all_images_of_three_parts(data: PreparedData) -> None:
    cut = list(pieces(data))
    assert [len(piece) for piece in cut] == [EVALUATED, 1_000, EVALUATED, EVALUATED]
    assert np.array_equal(
        np.concatenate([piece.labels for piece in cut]),
        np.concatenate([part.labels for part in (data.train, data.validation, data.test)]),
    )
