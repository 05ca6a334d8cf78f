"""Processors other than this one, as far as Numba compiles for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.engines.compiled.microkernel import VECTOR_BYTES

NARROW_VECTORS = """
import numpy as np
from sweep.engines.compiled.microkernel import VECTOR_BYTES
from sweep.engines.compiled.mini_batch import MiniBatchEngine
from sweep.engines.engine import Problem
from sweep.nn import backpropagation
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Sgd
from sweep.nn.architecture import Parameters
from sweep.nn.regularizers import NoPenalty

rng = np.random.default_rng(0)
architecture = Architecture((30, 21, 9, 4), "tanh")
objective = Objective.named("softmax", "cross_entropy")
parameters = rng.normal(size=(3, architecture.parameter_count))
features, targets = rng.normal(size=(150, 30)), np.eye(4)[np.arange(150) % 4]
rows = np.arange(150).reshape(3, 50)
problem = Problem(
    architecture=architecture,
    objective=objective,
    optimizer=Sgd(),
    regularizer=NoPenalty(),
    batch_size=50,
    shared=False,
)
slopes = MiniBatchEngine(problem, parameters).gradient(features, targets, rows)
block = Parameters(architecture, parameters)
expected = backpropagation.gradient(
    block, features[rows], targets[rows], objective=objective, regularizer=NoPenalty()
).flat
print(VECTOR_BYTES, MiniBatchEngine.supports(problem), np.allclose(slopes, expected, rtol=0, atol=1e-13))
"""

WITHOUT_TILES = """
import sweep
from sweep.config.schema import Config
from sweep.engines import choose
from sweep.engines.compiled import gemm
from sweep.training.problem import problem

settings = {"hidden": 8, "max_iterations": 20, "data.train_size": 500, "parallel.kernels": "numba"}
result = sweep.train(settings, seed=0).result
single = choose(problem(Config(batch_size=1), inputs=784, examples=500))
print(gemm.AVAILABLE, result.engine.name, result.status, single.__name__)
"""


def printed(program: str, **environment: str) -> list[str]:
    """Run a program with these environment variables, and return the words that it prints."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.skipif(VECTOR_BYTES != 64, reason="no processor of wider vectors")
def test_processor_narrow_vectors(tmp_path: Path) -> None:
    """Numba compiles for a processor without AVX-512 if it is told to."""
    narrow = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}
    assert printed(NARROW_VECTORS, NUMBA_CACHE_DIR=str(tmp_path), **narrow) == ["32", "True", "True"]


def test_processor_without_fma(tmp_path: Path) -> None:
    """Without a micro-kernel NumPy trains mini-batches, and records say so; single examples are compiled."""
    words = printed(WITHOUT_TILES, NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=str(tmp_path))
    assert words == ["False", "numpy", "completed", "SingleExampleEngine"]
