"""A script that trains blocks of one checkout for `benchmarks.against`, with any Python that has `sweep`.

Each line that it reads is a JSON object, {"settings": ..., "seeds": n}; each line that it writes is the
answer: seconds of training and of evaluation, and a digest of the trained weights; or {"error": ...}. It uses
only what every checkout has: `from_settings`, `prepare` and `train_block`.
"""

import json
import sys
from functools import lru_cache
from hashlib import sha256
from typing import Any

import sweep
from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.trainer import train_block


@lru_cache(maxsize=2)
def _data(config: DataConfig) -> PreparedData:
    return prepare(datasets.load(config), config, "float32", rng=generator(Config(), 0, Stream.SPLIT))


@lru_cache
def _config(settings: str) -> Config:
    (config,) = from_settings(json.loads(settings))  # it takes 80 ms, as long as some measurements
    return config


def train(settings: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Train seeds 0 to `seeds` - 1 of a cell as one block."""
    config = _config(json.dumps(settings))
    data = _data(config.data)
    results = train_block(problem_for(config, data), range(seeds), data)
    weights = sha256("".join(result.weights_sha256 for result in results).encode())
    return {
        "training": sum(result.train_seconds for result in results),
        "evaluation": sum(result.evaluation_seconds for result in results),
        "weights": weights.hexdigest(),
    }


def main() -> None:
    """Print which `sweep` this is, then answer until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # so that no other output is taken for an answer
    print(json.dumps({"sweep": sweep.__file__}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = train(**json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
