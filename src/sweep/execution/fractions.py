"""How far workers are. Apart from what shows it, so that they need not load that."""

from pathlib import Path

import numpy as np


class Fractions:
    """How much of each block is done, in a file that workers write and the driver reads."""

    def __init__(self, file: Path, blocks: int) -> None:
        self.file, self.blocks = file, blocks

    def create(self) -> None:
        """Start with nothing done."""
        np.zeros(self.blocks).tofile(self.file)

    def read(self) -> np.ndarray:
        """The fraction of every block, (blocks,)."""
        return np.fromfile(self.file)

    def report(self, block: int, fraction: float) -> None:
        """Say that this fraction of a block is done."""
        np.memmap(self.file, np.float64, "r+", shape=(self.blocks,))[block] = fraction
