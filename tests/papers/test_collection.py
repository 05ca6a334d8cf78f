"""A line of a table or figure is one cell: by the records of Szeto and Thomas, whose cells are known."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sweep
from sweep.core.errors import PaperError
from sweep.papers import drawing, tables
from sweep.papers.collection import EACH_CELL, Collection
from sweep.papers.specification import Row

FILE = Path(__file__).parents[2] / "reports" / "szeto" / "records.parquet"


@pytest.fixture(scope="module")
def collection() -> Collection:
    """Its experiment `momentum` is momentum 0 and 0.9, each without and with patience 3."""
    return Collection(FILE)


def test_one_cell_is_what_pandas_finds(collection: Collection) -> None:
    where = {"momentum": 0.9, "early_stopping.patience": 3}
    compared = tables.compare(Row("x", "momentum", "test_accuracy", where=where), collection)
    every = sweep.load(FILE)
    own = every[(every["activation"] == "tanh") & (every["momentum"] == 0.9)]
    cell = own[(own["early_stopping.patience"] == 3) & (own["regularization"] == "none")]
    assert compared.n == len(cell) == 10
    assert compared.mean == pytest.approx(cell["test_accuracy"].mean())


DIFFERING = "early_stopping.patience"  # with it come settings that the other cell does not have
POOLING: dict[str, Any] = {
    "a row": lambda c: tables.compare(Row("x", "momentum", "test_accuracy", where={"momentum": 0.0}), c),
    "cells": lambda c: tables.cells(c, "momentum", ["momentum"]),
    "confused pairs": lambda c: tables.confused_pairs(c, "momentum", {"momentum": 0.0}),
    "curves": lambda c: drawing.learning_curves(c, "momentum", lines=["momentum"]),
    "curves of one line": lambda c: drawing.learning_curves(c, "momentum", where={"momentum": 0.0}),
    "class errors": lambda c: drawing.class_errors(c, "momentum", where={"momentum": 0.0}),
    "confusion": lambda c: drawing.confusion(c, "momentum", {"momentum": 0.0}),
    "hardest": lambda c: drawing.hardest_digits(c, "momentum", {"momentum": 0.0}),
}


@pytest.mark.parametrize("make", POOLING.values(), ids=POOLING)
def test_cells_are_never_taken_together(make: Any, collection: Collection) -> None:
    with pytest.raises(PaperError) as caught:
        make(collection)
    assert str(caught.value).endswith(f", {DIFFERING}")
    assert "2 cells in one line (momentum: 0.0)" in str(caught.value)


def test_what_tells_lines_apart_must_be_a_setting(collection: Collection) -> None:
    with pytest.raises(PaperError, match=r"lines=\[momentun\]: momentun: no such setting; did you mean 'mom"):
        drawing.learning_curves(collection, "momentum", lines=["momentun"])
    with pytest.raises(PaperError, match=r"where\.test_accuracy: no such setting"):
        collection.trials("momentum", {"test_accuracy": 0.5})
    with pytest.raises(
        PaperError, match=r"column=test_acuracy: no such column; did you mean 'test_accuracy'"
    ):
        tables.cells(collection, "momentum", ["momentum", DIFFERING], "test_acuracy")
    with pytest.raises(PaperError, match=r"column=status: must be a column of numbers"):
        tables.cells(collection, "momentum", ["momentum", DIFFERING], "status")


def test_a_setting_that_is_null_in_one_cell_tells_it_apart(collection: Collection) -> None:
    table = tables.cells(collection, "momentum", [DIFFERING, "momentum"])
    every = collection.trials("momentum", lines=EACH_CELL)
    means = every.groupby("cell", sort=False)["test_accuracy"].mean() * 100
    assert len(table.lines) == 4
    pd.testing.assert_series_equal(
        table.frame["mean"], means.reset_index(drop=True), check_names=False, check_index=False
    )
