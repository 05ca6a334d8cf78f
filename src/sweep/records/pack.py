"""Many records in one compact file, such as the one beside a report."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from sweep import files
from sweep.errors import StoreError
from sweep.records import footer, store
from sweep.records.read import read
from sweep.records.record_file import file_bytes
from sweep.records.schema import SCHEMA


def write(results: Path, seeds: Mapping[str, Iterable[int]], file: Path, about: Mapping[str, str]) -> None:
    """Write all columns of the records of these cells' seeds to one file, with texts `about` them.

    Raises StoreError if a record is missing or cannot be read.
    """
    wanted = {(cell, seed) for cell, own in seeds.items() for seed in own}
    table = read(results, seeds, SCHEMA.names)
    pairs = list(zip(table["cell"].to_pylist(), table["seed"].to_pylist(), strict=True))
    for cell, seed in sorted(wanted.difference(pairs)):
        raise StoreError(f"{store.path(results, cell, seed)}: no such record")
    table = table.filter(pa.array([pair in wanted for pair in pairs]))
    files.write(file, footer.seal(table, about, compression="zstd", compression_level=19))


def about(file: Path) -> dict[str, str]:
    """The texts that `write` was given about the records in a file."""
    data = file_bytes(file)
    footer.is_sealed(data, file)
    return footer.about(footer.opened(data, file))
