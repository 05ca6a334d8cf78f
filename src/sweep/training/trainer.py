"""The training of a block of seeds of one cell.

[batches] Which examples make up each mini-batch.

[early_stopping] When a seed has stopped improving.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sweep.config import cell
from sweep.config.cell import batch_size, iterations, steps_per_epoch
from sweep.config.schema import Config
from sweep.core.types import Array
from sweep.data.preprocessing import PreparedData
from sweep.engines.choice import choose
from sweep.engines.engine import Network
from sweep.training.evaluation import JUDGED, evaluate, judged, predict, test_outcome
from sweep.training.gradient_gate import gradient_error
from sweep.training.problem import Stream, generator, learning_rate, problem
from sweep.training.result import Curves, Status, TrialResult, at_evaluation, extend

Rows = NDArray[np.int64]


class BatchOrder:
    """The order of the training examples for every seed of a block, drawn anew for each epoch.

    There is one generator for each seed, which gives it an order of its own, or, if `shared`, one generator
    for all. `examples` is the size of the training part, `batch` that of a mini-batch.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], examples: int, batch: int, *, shared: bool
    ) -> None:
        self.generators, self.shared = list(generators), shared
        self.examples, self.batch = examples, batch
        self._order: Rows = np.arange(0)

    def epoch(self) -> Iterator[Rows]:
        """The mini-batches of one epoch as positions of examples, (batch,) if shared, else (seeds, batch).

        The last one is smaller if the batch size does not divide the number of examples.
        """
        orders = [generator.permutation(self.examples) for generator in self.generators]
        self._order = orders[0] if self.shared else np.array(orders)
        for start in range(0, self.examples, self.batch):
            yield self._order[..., start : start + self.batch]

    def select(self, positions: list[int]) -> None:
        """Go on with the seeds at these positions of the block, from the next mini-batch."""
        if not self.shared:
            self.generators = [self.generators[position] for position in positions]
            self._order = self._order[positions]


@dataclass
class Best:
    """The best evaluation of one seed so far, and how many evaluations have `waited` since.

    `value` is the monitored metric with the sign that makes smaller better. `evaluation` counts from 0.
    `parameters`, (parameters,), are the weights of then, if they are to be kept.
    """

    value: float = np.inf
    evaluation: int = -1
    waited: int = 0
    parameters: Array | None = field(default=None, repr=False)

    def improved_by(self, value: float, evaluation: int) -> bool:
        """Note the next evaluation, and return whether it is strictly better than all before."""
        if value < self.value:
            self.value, self.evaluation, self.waited = value, evaluation, 0
            return True
        self.waited += 1
        return False


Progress = Callable[[float], None]


def train_block(
    config: Config,
    seeds: Sequence[int],
    data: PreparedData,
    progress: Progress = lambda fraction: None,
) -> list[TrialResult]:
    """Train the seeds together and return their results, in the order of `seeds`.

    Each result has the same bits as that of training its seed alone. `progress` is told at each
    evaluation which fraction of the block is done.
    """
    # An overflow is no warning here: it makes the trial diverge, which is recorded.
    with np.errstate(all="ignore"):
        block = _Block(config, seeds, data)
        block.compile()
        block.check_gradient()
        return block.train(progress)


class _Block:
    """The seeds that are still being trained, and the results of those that are not."""

    def __init__(self, config: Config, seeds: Sequence[int], data: PreparedData) -> None:
        self.config, self.data = config, data
        self.all_seeds, self.seeds = list(seeds), list(seeds)
        self.problem = problem(config, data.train.features.shape[1], len(data.train))
        self.objective, self.architecture = self.problem.objective, self.problem.architecture
        self.kind = choose(self.problem, config.parallel.kernels)
        self.order = self._batch_order()
        self.per_epoch = steps_per_epoch(config, len(data.train))
        self.total = iterations(config, len(data.train))
        self.parts = {
            name: part
            for name in ("train", "validation", "test")
            if name in config.evaluation.parts and len(part := getattr(data, name))
        }
        self.curves: list[Curves] = [{} for _ in seeds]
        self.class_curves: list[dict[str, list[Array]]] = [{} for _ in seeds]
        self.best = [Best() for _ in seeds]
        self.results: dict[int, TrialResult] = {}
        self.train_seconds = dict.fromkeys(seeds, 0.0)
        self.evaluation_seconds = dict.fromkeys(seeds, 0.0)
        self.gradient_error: float | None = None
        initial = np.array([self._initial(seed) for seed in seeds], config.precision)
        self.engine = self.kind(self.problem, initial)

    def compile(self) -> None:
        """Compile what the engine needs, or load it. This does not count as training time."""
        for compilation in self.kind.compilations(self.problem, self.config.precision):
            compilation.compile()

    def check_gradient(self) -> None:
        """Compare the engine's gradient at the initial weights of seed 0 with central differences.

        Seed 0 whichever seeds are trained: what the records of a cell say does not depend on its blocks.
        Raises ExecutionError where they differ.
        """
        initial = self._initial(0).astype(self.config.precision)
        self.gradient_error = gradient_error(self.kind, self.problem, initial, self.data.train)

    def train(self, progress: Progress) -> list[TrialResult]:
        if self.config.evaluation.at_start:
            self._evaluate(0)
        done, epoch, start = 0, 0, time.perf_counter()
        while self.seeds and done < self.total:
            rate = learning_rate(self.config, epoch, len(self.data.train))
            for rows in self.order.epoch():
                self.engine.step(self.data.train.features, self.data.train.targets, rows, rate)
                done += 1
                if self._evaluation_due(done):
                    self._charge(self.train_seconds, start)
                    self._evaluate(done)
                    progress(done / self.total)
                    start = time.perf_counter()
                if done == self.total or not self.seeds:
                    break
            epoch += 1
        return [self.results[seed] for seed in self.all_seeds]

    def _batch_order(self) -> BatchOrder:
        shared = "order" not in self.config.vary
        examples = len(self.data.train)
        generators = [
            generator(self.config, seed, Stream.ORDER)
            for seed in (self.all_seeds[:1] if shared else self.all_seeds)
        ]
        return BatchOrder(generators, examples, batch_size(self.config, examples), shared=shared)

    def _initial(self, seed: int) -> Array:
        rng = generator(self.config, seed, Stream.INIT)
        return self.architecture.initial_parameters(cell.initializer(self.config), rng)

    def _evaluation_due(self, done: int) -> bool:
        every = self.config.evaluation.every or self.per_epoch
        return done % every == 0 or done == self.total

    def _charge(self, seconds: dict[int, float], start: float) -> None:
        """Share the time since `start` among the seeds that are being trained."""
        elapsed = time.perf_counter() - start
        for seed in self.seeds:
            seconds[seed] += elapsed / len(self.seeds)

    def _evaluate(self, done: int) -> None:
        """Extend the curves, and let go of the seeds whose training ends here."""
        start = time.perf_counter()
        network = self.engine.evaluation()
        classes = self.config.data.classes if self.config.evaluation.by_class else 0
        for name, part in self.parts.items():
            evaluation = evaluate(network, part, self.objective, classes)
            for index, curves in enumerate(self.curves):
                self.class_curves[index].setdefault(name, []).append(evaluation.class_errors[index])
                extend(curves, {f"{name}_loss": float(evaluation.loss[index])})
                extend(curves, {f"{name}_accuracy": float(evaluation.accuracy[index])})
        for curves in self.curves:
            extend(curves, {"iteration": done, "epoch": done / self.per_epoch})
        # Before seeds are finished: their results say how long evaluations took, this one included.
        self._charge(self.evaluation_seconds, start)
        ended = []
        for index, parameters in enumerate(self.engine.parameters):
            if status := self._status(index, parameters, done):
                self._finish(index, parameters, status, done)
                ended.append(index)
        self._leave(ended)

    def _status(self, index: int, parameters: Array, done: int) -> Status | None:
        """How the training of a seed ends with this evaluation; None when it goes on."""
        metrics = at_evaluation(self.curves[index], -1)
        if not (np.isfinite(metrics.get("train_loss", 0.0)) and np.isfinite(parameters).all()):
            return Status.DIVERGED
        stopping = self.config.early_stopping
        if stopping.patience is not None:
            value = metrics[stopping.monitor]
            cost = value if stopping.monitor.endswith("loss") else -value
            best = self.best[index]
            if best.improved_by(cost, len(self.curves[index]["epoch"]) - 1):
                if stopping.keep_best:
                    best.parameters = parameters.copy()
            elif best.waited >= stopping.patience:
                return Status.STOPPED_EARLY
        return Status.COMPLETED if done == self.total else None

    def _finish(self, index: int, parameters: Array, status: Status, done: int) -> None:
        """Make the result of a seed whose training has ended."""
        start = time.perf_counter()
        seed, best, curves = self.seeds[index], self.best[index], self.curves[index]
        kept = parameters.copy() if best.parameters is None else best.parameters
        evaluation = -1 if best.parameters is None else best.evaluation
        network = self.kind.network(self.architecture, kept[None])
        metrics = at_evaluation(curves, evaluation)
        for name, part in (("validation", self.data.validation), ("test", self.data.test)):
            if name not in self.parts and len(part):
                missing = evaluate(network, part, self.objective)
                metrics[f"{name}_loss"] = float(missing.loss[0])
                metrics[f"{name}_accuracy"] = float(missing.accuracy[0])
        if status is not Status.DIVERGED:
            status = self._judged(seed, network) or status
        test = test_outcome(
            predict(network, self.data.test, self.objective), self.data.test, self.config.data.classes
        )
        self.evaluation_seconds[seed] += time.perf_counter() - start
        self.results[seed] = TrialResult(
            seed=seed,
            status=status,
            iterations=done,
            epochs_run=done / self.per_epoch,
            kept_epoch=curves["epoch"][evaluation],
            curves=curves,
            class_curves={name: np.array(errors) for name, errors in self.class_curves[index].items()},
            metrics=metrics,
            test=test,
            parameters=kept,
            train_seconds=self.train_seconds[seed],
            evaluation_seconds=self.evaluation_seconds[seed],
            block_seeds=len(self.all_seeds),
            engine=self.kind.info(),
            gradient_error=self.gradient_error,
        )

    def _judged(self, seed: int, network: Network) -> Status | None:
        """Diverged or dead, by what the kept weights and the initial ones say of training examples."""
        sample = self.data.train.head(JUDGED)
        start = self._initial(seed).astype(self.config.precision)[None]
        initial = self.kind.network(self.architecture, start)
        before, after = (predict(each, sample, self.objective) for each in (initial, network))
        return judged(after, before, self.objective)

    def _leave(self, ended: list[int]) -> None:
        """Take seeds out of the block; the others go on with the same bits."""
        if not ended:
            return
        stay = [index for index in range(len(self.seeds)) if index not in ended]
        self.seeds = [self.seeds[index] for index in stay]
        self.curves = [self.curves[index] for index in stay]
        self.class_curves = [self.class_curves[index] for index in stay]
        self.best = [self.best[index] for index in stay]
        if stay:
            self.order.select(stay)
            self.engine = self.engine.select(stay)
