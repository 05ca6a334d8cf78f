"""The random streams of a trial.

Every stream is PCG64 on SeedSequence(root, spawn_key=(seed index, stream)). It is independent of every other
stream and of which other seeds are trained. For what does not vary from seed to seed (the setting `vary`),
all seeds use the stream of seed index 0.
"""

from enum import IntEnum

import numpy as np

from sweep.config.schema import Config


class Stream(IntEnum):
    """What a stream is used for. Every result depends on these numbers: never change them."""

    INIT = 0
    ORDER = 1
    SPLIT = 2


def generator(config: Config, seed: int, stream: Stream) -> np.random.Generator:
    """The generator of one stream of the trial with this seed index."""
    index = seed if stream.name.lower() in config.vary else 0
    sequence = np.random.SeedSequence(config.root_seed, spawn_key=(index, stream))
    return np.random.Generator(np.random.PCG64(sequence))
