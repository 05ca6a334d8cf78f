"""Two small two-dimensional data sets, generated from a seed.

Each draws one example after the other, so that the first examples are the same however many are drawn.
"""

import numpy as np
from numpy.typing import NDArray

Points = tuple[NDArray[np.float64], NDArray[np.int64]]


def exam(count: int, noise: float, rng: np.random.Generator) -> Points:
    """Students who pass (1) or fail (0) an exam: features (count, 2) and labels (count,).

    The first feature is hours slept, 0 to 10; the second is minutes of listening in a lesson of 45. A
    student passes who listens long enough; the nearer the sleep was to 4 hours, the less is enough. `noise`
    is the standard deviation, as a fraction of the lesson, of what else moves the result.
    """
    (unseen,) = rng.spawn(1)
    sleep, listening = (rng.random((count, 2)) * [10, 45]).T
    needed = 0.35 + 0.6 * ((sleep - 4) / 5) ** 2
    passed = listening / 45 + unseen.normal(0, noise, count) > needed
    return np.column_stack([sleep, listening]), passed.astype(np.int64)


def spiral(count: int, noise: float, rng: np.random.Generator) -> Points:
    """Two interleaved spiral arms: features (count, 2) and labels (count,).

    Each arm turns 1.75 times while its radius grows to 5; `noise` is the standard deviation of both
    coordinates, in the same units.
    """
    (scatter,) = rng.spawn(1)
    labels = np.arange(count) % 2
    along = rng.random(count)
    angle = 1.75 * 2 * np.pi * along + np.pi * labels
    arms = 5 * along[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return arms + scatter.normal(0, noise, (count, 2)), labels.astype(np.int64)
