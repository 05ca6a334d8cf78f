"""How far workers are. Apart from what shows it, so that they need not load that."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Fractions:
    """How much of each block is done, in a file that workers write and the driver reads.

    It is only shown, so nothing that happens to the file may cost a trial: errors in writing and reading it
    are passed over, and the progress stands still. It is written as a file, never mapped: a mapped page
    without room on the disk would end the process.
    """

    def __init__(self, file: Path, blocks: int) -> None:
        self.file, self.blocks = file, blocks

    def create(self) -> None:
        """Start with nothing done."""
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
        """Say that this fraction of a block is done."""
        with suppress(OSError), self.file.open("r+b", buffering=0) as file:
            file.seek(8 * block)
            file.write(np.float64(fraction).tobytes())
