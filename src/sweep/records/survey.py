"""What a store holds, cell by cell, for plans and overviews: trials, and files that are no records."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.records import store
from sweep.records.read import CellRecords, read_cells
from sweep.records.schema import ENGINES_1
from sweep.records.store import Contents


@dataclass(frozen=True)
class Survey:
    """The trials of a cell that are stored, every file of them read and checked.

    `engines` maps each stored seed to the engine that trained it. `with_weights` are the seeds whose records
    hold the weights, if that was asked. `damaged` and `misplaced` are files that hold no record of their
    place; `contents` are all files.
    """

    contents: Contents
    engines: dict[int, str]
    with_weights: frozenset[int]
    damaged: tuple[Path, ...]
    misplaced: tuple[Path, ...]

    @property
    def cell(self) -> str:
        """The id of the cell."""
        return self.contents.cell

    @property
    def seeds(self) -> list[int]:
        """The stored seeds, in order."""
        return list(self.engines)

    def in_the_way(self, seeds: Iterable[int]) -> list[Path]:
        """The files in the places of these seeds that are no records of them, and damaged files of many."""
        places = {store.path(self.contents.folder.parent, self.cell, seed) for seed in seeds}
        places.update(self.contents.compact)
        return [file for file in (*self.damaged, *self.misplaced, *self.contents.strangers) if file in places]


def survey(results: Path, cells: Iterable[str] | None = None, weights: bool = False) -> Iterator[Survey]:
    """Survey these cells, or all of the store, by id; with `weights`, look whether records hold them.

    Raises StoreError if a file cannot be read or is of a later version.
    """
    columns = ["seed", "engine", "provenance", *(["weights"] if weights else [])]
    return (_survey(found, weights) for found in read_cells(results, cells, columns))


def _survey(found: CellRecords, weights: bool) -> Survey:
    table = found.table
    seeds, engines = table["seed"].to_pylist(), table["engine"].to_pylist()
    if table["engine"].null_count:
        provenances = table["provenance"].to_pylist()
        engines = [engine or _engine_1(text) for engine, text in zip(engines, provenances, strict=True)]
    held: Sequence[Any] = table["weights"].is_valid().to_pylist() if weights else [False] * len(seeds)
    return Survey(
        found.contents,
        dict(zip(seeds, engines, strict=True)),
        frozenset(seed for seed, there in zip(seeds, held, strict=True) if there),
        found.damaged,
        found.misplaced,
    )


def _engine_1(provenance: str) -> str:
    """The engine of a record of schema 1, which says only what was asked for."""
    return ENGINES_1.get(json.loads(provenance).get("kernels"), "numpy")
