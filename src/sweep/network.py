"""One network, trained in this process and kept: its curves, weights and predictions."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sweep.config.check import check
from sweep.config.columns import settings_of_row
from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.config.unused import refuse_unused
from sweep.core.errors import SettingError
from sweep.core.formats import percent
from sweep.data.preprocessing import PreparedData
from sweep.engines import installed, kernels_for
from sweep.nn import Array, backpropagation
from sweep.nn.architecture import Parameters
from sweep.runner.shared_data import load_seed_data
from sweep.training.evaluation import predicted_class
from sweep.training.problem import architecture, objective, problem_for
from sweep.training.result import Status, TrialResult
from sweep.training.trainer import train_block

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Trained:
    """A network of one seed, with the prepared data that it was trained and tested on."""

    config: Config
    data: PreparedData
    result: TrialResult

    def __repr__(self) -> str:
        units = "-".join(map(str, self._parameters.architecture.units))
        accuracy = self.result.metrics.get("test_accuracy", math.nan)
        ending = "" if math.isnan(accuracy) else f", test accuracy {percent(accuracy, '.2f')}"
        return f"<{units}, {self.config.activation}, seed {self.result.seed}: {self.result.status}{ending}>"

    def outputs(self, features: Array) -> Array:
        """Return the outputs, (examples, outputs), for features prepared like `data`, (examples, inputs).

        Raises SettingError for another shape.
        """
        inputs = self._parameters.architecture.units[0]
        if np.ndim(features) != 2 or features.shape[1] != inputs:
            raise SettingError(
                f"features: must be (examples, {inputs}), prepared as data.test.features are,"
                f" not {np.shape(features)}"
            )
        z = backpropagation.forward(self._parameters, features).z
        outputs: Array = objective(self.config).outputs(z)[0]
        return outputs

    def predict(self, features: Array) -> NDArray[np.int64]:
        """Return the most likely class of each example, (examples,)."""
        return predicted_class(self.outputs(features))

    @property
    def weights(self) -> list[Array]:
        """Return the weights of each layer, (inputs, outputs)."""
        return [weights[0] for weights in self._parameters.weights]

    @property
    def _parameters(self) -> Parameters:
        shape = architecture(self.config, self.data.train.features.shape[1])
        return Parameters(shape, self.result.parameters[None])

    @property
    def curves(self) -> "pd.DataFrame":
        """Return losses and accuracies, one row an evaluation."""
        import pandas as pd

        return pd.DataFrame(self.result.curves)


def train(config: "Mapping[str, Any] | pd.Series[Any]", seed: int | None) -> Trained:
    """Train one seed of one cell in this process, without storing it. See `sweep.train`."""
    if getattr(config, "ndim", 1) > 1:
        raise SettingError("a table: must be one row of it, such as load().iloc[0]")
    row = config if isinstance(config, Mapping) else {str(name): value for name, value in config.items()}
    if "weights_sha256" not in row:
        return _train(row, 0 if seed is None else seed)
    settings = settings_of_row(row)
    engine = row.get("engine")
    if isinstance(engine, str) and installed(kernels_for(engine)):
        settings["parallel.kernels"] = kernels_for(engine)
    trained = _train(settings, int(row["seed"]) if seed is None else seed)
    same = trained.result.weights_sha256 == row["weights_sha256"]
    if trained.result.seed == row["seed"] and not same:
        ours = f"{trained.result.engine.name} ({trained.result.engine.version})"
        theirs = "an unknown engine (schema 1)"
        if isinstance(engine, str):
            theirs = f"{engine} ({row.get('engine_version')})"
        warnings.warn(
            f"cell {row['cell']}, seed {row['seed']}: the weights differ from the record's in some bits:"
            f" {ours} trained these, {theirs} the record's",
            RuntimeWarning,
            stacklevel=3,
        )
    return trained


def _train(settings: Mapping[str, Any], seed: int) -> Trained:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"seed={seed}: must be a whole number of at least 0")
    configs = from_settings(settings)
    if len(configs) > 1:
        raise SettingError(f"grid: must be a single cell to train one network, not {len(configs)}")
    config = configs[0]
    check(config)
    refuse_unused(configs)
    data = load_seed_data(config, seed)
    with threadpool_limits(limits=1, user_api="blas"):
        (result,) = train_block(problem_for(config, data), [seed], data)
    if result.status is Status.DIVERGED:
        warnings.warn(f"seed {seed} diverged: its predictions mean nothing", RuntimeWarning, stacklevel=4)
    return Trained(config, data, result)
