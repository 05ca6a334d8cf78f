"""Many records in one compact file, such as the one beside a report."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from sweep import files
from sweep.errors import StoreError
from sweep.records import footer, store
from sweep.records.read import file_bytes, read
from sweep.records.schema import SCHEMA


def write(results: Path, seeds: Mapping[str, Iterable[int]], file: Path, about: Mapping[str, str]) -> None:
    """Write all columns of the records of these cells' seeds to one file, with texts `about` them.

    Raises StoreError if a record is missing or cannot be read.
    """
    wanted = [(cell, seed) for cell, own in seeds.items() for seed in own]
    for record in (store.path(results, *pair) for pair in wanted):
        if not record.is_file():
            raise StoreError(f"{record}: no such record")
    table = read(results, seeds, SCHEMA.names)
    asked = set(wanted)
    pairs = zip(table["cell"].to_pylist(), table["seed"].to_pylist(), strict=True)
    table = table.filter(pa.array([pair in asked for pair in pairs]))
    files.write(file, footer.seal(table, about, compression="zstd", compression_level=19))


def about(file: Path) -> dict[str, str]:
    """The texts that `write` was given about the records in a file."""
    data = file_bytes(file)
    footer.is_sealed(data, file)
    return footer.about(footer.opened(data, file))
