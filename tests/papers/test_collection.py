"""Selecting cells for a line of a table or figure, with the records of Szeto and Thomas."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sweep
from sweep.core.errors import PaperError
from sweep.papers import drawing, tables
from sweep.papers.collection import EACH_CELL, Collection
from sweep.papers.specification import TableRow

FILE = Path(__file__).parents[2] / "reports" / "szeto" / "records.parquet"


@pytest.fixture(scope="module")
def collection() -> Collection:
    """Return records whose experiment `momentum` has momentum 0 and 0.9, each without and with patience 3."""
    return Collection(FILE)


def test_comparison_matches_pandas(collection: Collection) -> None:
    """A row is the mean over the trials of the one cell that pandas selects by the same settings."""
    where = {"momentum": 0.9, "early_stopping.patience": 3}
    compared = tables.compare_published(TableRow("x", "momentum", "test_accuracy", where=where), collection)
    trials = sweep.load(FILE)
    trials = trials[(trials["activation"] == "tanh") & (trials["momentum"] == 0.9)]
    cell = trials[(trials["early_stopping.patience"] == 3) & (trials["regularization"] == "none")]
    assert compared.n == len(cell) == 10
    assert compared.mean == pytest.approx(cell["test_accuracy"].mean())


DIFFERING = "early_stopping.patience"  # the other cell has none of the settings that come with it
POOLING: dict[str, Any] = {
    "a row": lambda c: tables.compare_published(
        TableRow("x", "momentum", "test_accuracy", where={"momentum": 0.0}), c
    ),
    "cells": lambda c: tables.cells_table(c, "momentum", ["momentum"]),
    "confused pairs": lambda c: tables.confused_pairs_table(c, "momentum", {"momentum": 0.0}),
    "curves": lambda c: drawing.learning_curves(c, "momentum", lines=["momentum"]),
    "curves of one line": lambda c: drawing.learning_curves(c, "momentum", where={"momentum": 0.0}),
    "class errors": lambda c: drawing.class_errors(c, "momentum", where={"momentum": 0.0}),
    "confusion": lambda c: drawing.confusion(c, "momentum", {"momentum": 0.0}),
    "hardest": lambda c: drawing.hardest_digits(c, "momentum", {"momentum": 0.0}),
}


@pytest.mark.parametrize("make", POOLING.values(), ids=POOLING)
def test_pooled_cells_refused(make: Any, collection: Collection) -> None:
    """Two cells are never pooled: the error names the line and the settings that still differ."""
    with pytest.raises(PaperError) as caught:
        make(collection)
    assert str(caught.value).endswith(f", {DIFFERING}")
    assert "momentum: one line must be one cell, but 2 match (momentum: 0.0); they differ in " in str(
        caught.value
    )


def test_lines_must_be_settings(collection: Collection) -> None:
    """Lines and `where` are told apart by settings, columns are numbers; other names are refused."""
    with pytest.raises(PaperError, match=r"lines=\[momentun\]: momentun: no such setting; did you mean 'mom"):
        drawing.learning_curves(collection, "momentum", lines=["momentun"])
    with pytest.raises(PaperError, match=r"where\.test_accuracy: no such setting"):
        collection.trials("momentum", {"test_accuracy": 0.5})
    with pytest.raises(
        PaperError, match=r"column=test_acuracy: no such column; did you mean 'test_accuracy'"
    ):
        tables.cells_table(collection, "momentum", ["momentum", DIFFERING], column="test_acuracy")
    with pytest.raises(PaperError, match=r"column=status: must be a column of numbers"):
        tables.cells_table(collection, "momentum", ["momentum", DIFFERING], column="status")


def test_null_setting_tells_cells_apart(collection: Collection) -> None:
    """A setting that is null in one cell and a number in another is an axis like any other."""
    table = tables.cells_table(collection, "momentum", [DIFFERING, "momentum"])
    trials = collection.trials("momentum", lines=EACH_CELL)
    means = trials.groupby("cell", sort=False)["test_accuracy"].mean() * 100
    assert len(table.numbers) == 4
    pd.testing.assert_series_equal(
        table.numbers["mean"], means.reset_index(drop=True), check_names=False, check_index=False
    )
