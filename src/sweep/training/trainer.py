"""The training of a block of seeds of one cell: mini-batches, steps, evaluations, and early stopping."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sweep.data.preprocessing import PreparedData
from sweep.engines import choose
from sweep.engines.engine import Network, Rows
from sweep.nn import Array
from sweep.training.evaluation import JUDGED_EXAMPLES, evaluate, failure, predict, test_outcome
from sweep.training.gradient_gate import gradient_error
from sweep.training.problem import Stream, TrainingProblem, generator
from sweep.training.result import Curves, Status, TrialResult, at_evaluation, extend

Progress = Callable[[float], None]


def train_block(
    problem: TrainingProblem,
    seeds: Sequence[int],
    data: PreparedData,
    *,
    progress: Progress = lambda fraction: None,
) -> list[TrialResult]:
    """Train the seeds together and return their results, in the order of `seeds`.

    Each result has the same bits as that of training its seed alone. At each evaluation `progress` is called
    with the fraction of the block that is done.
    """
    # Overflow needs no warning: it makes the trial diverge, which is recorded.
    with np.errstate(all="ignore"):
        block = _Block(problem, seeds, data)
        block.compile()
        block.check_gradient()
        return block.train(progress)


class BatchOrder:
    """The order of the training examples for every seed of a block, drawn anew for each epoch.

    Each seed has its own generator and order, or, if `shared`, one generator serves all seeds. `examples` is
    the size of the training part, `batch_size` that of a mini-batch.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], examples: int, batch_size: int, *, shared: bool
    ) -> None:
        self.generators, self.shared = list(generators), shared
        self.examples, self.batch_size = examples, batch_size
        self._order: Rows = np.arange(0)

    def epoch(self) -> Iterator[Rows]:
        """Yield the mini-batches of one epoch: positions, (batch,) if shared, else (seeds, batch).

        The last one is smaller if the batch size does not divide the number of examples.
        """
        orders = [generator.permutation(self.examples) for generator in self.generators]
        self._order = orders[0] if self.shared else np.array(orders)
        for start in range(0, self.examples, self.batch_size):
            yield self._order[..., start : start + self.batch_size]

    def select(self, positions: list[int]) -> None:
        """Go on with the seeds at these positions of the block, from the next mini-batch."""
        if not self.shared:
            self.generators = [self.generators[position] for position in positions]
            self._order = self._order[positions]


@dataclass
class Best:
    """The best evaluation of one seed so far, and the number of evaluations `waited` since.

    `value` is the monitored metric with the sign that makes smaller better. `evaluation` counts from 0.
    `parameters`, (parameters,), are the weights at that evaluation, if the best weights are to be kept.
    """

    value: float = np.inf
    evaluation: int = -1
    waited: int = 0
    parameters: Array | None = field(default=None, repr=False)

    def improved_by(self, value: float, evaluation: int) -> bool:
        """Note the next evaluation, and return True if it is strictly better than all before."""
        if value < self.value:
            self.value, self.evaluation, self.waited = value, evaluation, 0
            return True
        self.waited += 1
        return False


class _Block:
    """The seeds that are still being trained, and the results of those that are not."""

    def __init__(self, problem: TrainingProblem, seeds: Sequence[int], data: PreparedData) -> None:
        self.problem, self.data = problem, data
        self.all_seeds, self.seeds = list(seeds), list(seeds)
        self.engine_class = choose(problem, problem.kernels)
        # A shared order uses the stream of seed index 0 whatever the seeds, so one generator is enough.
        streams = self.all_seeds[:1] if problem.shared else self.all_seeds
        self.order = BatchOrder(
            [generator(problem, seed, Stream.ORDER) for seed in streams],
            len(data.train),
            problem.batch_size,
            shared=problem.shared,
        )
        self.parts = {
            name: part
            for name in ("train", "validation", "test")
            if name in problem.evaluation.parts and len(part := getattr(data, name))
        }
        self.curves: list[Curves] = [{} for _ in seeds]
        self.class_curves: list[dict[str, list[Array]]] = [{} for _ in seeds]
        self.best = [Best() for _ in seeds]
        self.results: dict[int, TrialResult] = {}
        self.train_seconds = dict.fromkeys(seeds, 0.0)
        self.evaluation_seconds = dict.fromkeys(seeds, 0.0)
        self.gradient_error: float | None = None
        initial = np.array([problem.initial_parameters(seed) for seed in seeds])
        self.engine = self.engine_class(problem, initial)

    def compile(self) -> None:
        """Compile what the engine needs, or load it. This does not count as training time."""
        for compilation in self.engine_class.compilations(self.problem, self.problem.precision):
            compilation.compile()

    def check_gradient(self) -> None:
        """Compare the engine's gradient at the initial weights of seed 0 with central differences.

        Raises ExecutionError if they differ.
        """
        # Seed 0 whichever seeds are trained: the records of a cell must not depend on its blocks.
        initial = self.problem.initial_parameters(0)
        self.gradient_error = gradient_error(self.engine_class, self.problem, initial, train=self.data.train)

    def train(self, progress: Progress) -> list[TrialResult]:
        """Take all steps, and return the results in the order of the block's seeds."""
        if self.problem.evaluation.at_start:
            self._evaluate(0)
        train, total = self.data.train, self.problem.steps
        step, epoch, start = 0, 0, time.perf_counter()
        while self.seeds and step < total:
            rate = self.problem.rate(epoch)
            for rows in self.order.epoch():
                self.engine.step(train.features, train.targets, rows, rate=rate)
                step += 1
                if self.problem.evaluation_due(step):
                    self._charge(self.train_seconds, start)
                    self._evaluate(step)
                    progress(step / total)
                    start = time.perf_counter()
                if step == total or not self.seeds:
                    break
            epoch += 1
        return [self.results[seed] for seed in self.all_seeds]

    def _charge(self, seconds: dict[int, float], start: float) -> None:
        """Share the time since `start` among the seeds that are being trained."""
        elapsed = time.perf_counter() - start
        for seed in self.seeds:
            seconds[seed] += elapsed / len(self.seeds)

    def _evaluate(self, step: int) -> None:
        """Extend the curves, and finish the seeds whose training ends here."""
        start = time.perf_counter()
        network = self.engine.evaluation()
        classes = self.problem.classes if self.problem.evaluation.by_class else 0
        for name, part in self.parts.items():
            evaluation = evaluate(network, part, self.problem.objective, classes=classes)
            for index, curves in enumerate(self.curves):
                self.class_curves[index].setdefault(name, []).append(evaluation.class_errors[index])
                extend(curves, {f"{name}_loss": float(evaluation.loss[index])})
                extend(curves, {f"{name}_accuracy": float(evaluation.accuracy[index])})
        for curves in self.curves:
            extend(curves, {"iteration": step, "epoch": step / self.problem.steps_per_epoch})
        # Charged before seeds are finished: their results hold the seconds of all evaluations up to this one.
        self._charge(self.evaluation_seconds, start)
        ended = []
        for index, parameters in enumerate(self.engine.parameters):
            if status := self._status(index, parameters, step):
                self._finish(index, parameters, status, step)
                ended.append(index)
        self._leave(ended)

    def _status(self, index: int, parameters: Array, step: int) -> Status | None:
        """Return how the training of a seed ends with this evaluation, or None if it goes on."""
        metrics = at_evaluation(self.curves[index], -1)
        # The training part may not be among the evaluated ones, but the weights are always known.
        if not (np.isfinite(metrics.get("train_loss", 0.0)) and np.isfinite(parameters).all()):
            return Status.DIVERGED
        stopping = self.problem.early_stopping
        if stopping.patience is not None:
            value = metrics[stopping.monitor]
            cost = value if stopping.monitor.endswith("loss") else -value
            best = self.best[index]
            if best.improved_by(cost, len(self.curves[index]["epoch"]) - 1):
                if stopping.keep_best:
                    # A copy, because the engine may go on changing the array.
                    best.parameters = parameters.copy()
            elif best.waited >= stopping.patience:
                return Status.STOPPED_EARLY
        return Status.COMPLETED if step == self.problem.steps else None

    def _finish(self, index: int, parameters: Array, status: Status, step: int) -> None:
        """Store the result of a seed whose training has ended."""
        start = time.perf_counter()
        problem, test = self.problem, self.data.test
        seed, best, curves = self.seeds[index], self.best[index], self.curves[index]
        final = parameters.copy() if best.parameters is None else best.parameters
        evaluation = -1 if best.parameters is None else best.evaluation
        network = self.engine_class.network(problem.architecture, final[None])
        metrics = at_evaluation(curves, evaluation) | self._unevaluated(network)
        if status is not Status.DIVERGED:
            status = self._failure(seed, network) or status
        outcome = test_outcome(predict(network, test, problem.objective), test, problem.classes)
        self.evaluation_seconds[seed] += time.perf_counter() - start
        self.results[seed] = TrialResult(
            seed=seed,
            status=status,
            iterations=step,
            epochs_run=step / problem.steps_per_epoch,
            kept_epoch=curves["epoch"][evaluation],
            curves=curves,
            class_curves={name: np.array(errors) for name, errors in self.class_curves[index].items()},
            metrics=metrics,
            test=outcome,
            parameters=final,
            train_seconds=self.train_seconds[seed],
            evaluation_seconds=self.evaluation_seconds[seed],
            block_seeds=len(self.all_seeds),
            engine=self.engine_class.info(),
            gradient_error=self.gradient_error,
        )

    def _unevaluated(self, network: Network) -> dict[str, float]:
        """Measure a network on the validation and test parts that the curves leave out."""
        metrics = {}
        for name, part in (("validation", self.data.validation), ("test", self.data.test)):
            if name not in self.parts and len(part):
                evaluation = evaluate(network, part, self.problem.objective)
                metrics[f"{name}_loss"] = float(evaluation.loss[0])
                metrics[f"{name}_accuracy"] = float(evaluation.accuracy[0])
        return metrics

    def _failure(self, seed: int, network: Network) -> Status | None:
        """Compare a trained network with its initial weights, on training examples alone."""
        sample, objective = self.data.train.head(JUDGED_EXAMPLES), self.problem.objective
        initial = self.engine_class.network(
            self.problem.architecture, self.problem.initial_parameters(seed)[None]
        )
        before, after = (predict(candidate, sample, objective) for candidate in (initial, network))
        return failure(before, after, objective)

    def _leave(self, ended: list[int]) -> None:
        """Remove seeds from the block; the others go on with the same bits."""
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
