"""How much of each block is done. Not in progress.py, so that workers need not load rich."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Fractions:
    """How much of each block is done, in a file that workers write and the driver reads.

    The numbers are only shown, so no trial may fail because of them: where the file cannot be written or
    read, the error is ignored and the progress stands still. The file is never mapped into memory, as writing
    a mapped page on a full disk ends the process.
    """

    def __init__(self, file: Path, blocks: int) -> None:
        self.file, self.blocks = file, blocks

    def create(self) -> None:
        """Create the file, with nothing done."""
        with suppress(OSError):
            self.file.write_bytes(np.zeros(self.blocks).tobytes())

    def read(self) -> NDArray[np.float64]:
        """The fraction of every block, (blocks,)."""
        with suppress(OSError):
            fractions = np.fromfile(self.file)
            if fractions.shape == (self.blocks,):
                return fractions
        return np.zeros(self.blocks)

    def write(self, block: int, fraction: float) -> None:
        """Note that this fraction of a block, given by its position, is done."""
        with suppress(OSError), self.file.open("r+b", buffering=0) as file:
            file.seek(8 * block)
            file.write(np.float64(fraction).tobytes())
