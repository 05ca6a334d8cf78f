"""A sweep with `decide`: it trains more seeds until each comparison is decided, or the budget ends.

Before it begins, it prints its looks, and the least and the most that it may train.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from rich.console import Console

from sweep.config.columns import explicit_first
from sweep.core.errors import SettingError, visible
from sweep.core.formats import MISSING, duration, plural, points, setting_value, span, typed_value
from sweep.report.page import Column, Table, setting_columns
from sweep.report.terminal import show_table
from sweep.runner.plan import Cell, Plan, announce_obstructions, make_plan
from sweep.runner.pool import worker_count
from sweep.stats.compare import Comparisons
from sweep.stats.judge import Criteria
from sweep.stats.sequential import Decision, Looks, decide, seeds_to_decide, tabulate
from sweep.stats.trials import drop_diverged
from sweep.store.load import load
from sweep.store.state import survey


@dataclass
class Deciding:
    """The looks of a sweep, fixed before it begins, and the decisions so far.

    `seeds` maps the id of each cell to the number of seeds that it has so far, and `decisions` to the
    decision. A decision at a look uses only as many seeds of its cell and of the baseline as the look has. So
    it is the same if a sweep was stopped and run again, or if the store holds more seeds.
    """

    cells: tuple[Cell, ...]
    baseline: str
    looks: Looks
    criteria: Criteria
    seeds: dict[str, int]
    decisions: dict[str, Decision] = field(default_factory=dict)

    @staticmethod
    def of(plan: Plan, baseline: str | None = None) -> "Deciding":
        """Return the looks at the cells of this plan. `baseline` is the id of one of them; None is the first.

        Raises SettingError if the cells cannot be compared.
        """
        cells, config = plan.cells, plan.cells[0].config
        assert config.decide is not None
        if len(plan.by_id) < 2:
            raise SettingError(f"decide={config.decide}: needs two cells or more; -m takes several values")
        firsts = dict.fromkeys(cell.config.seeds for cell in cells)
        if len({cell.digest for cell in cells}) > 1:
            raise SettingError(f"decide={config.decide}: cells of different data sets do not compare")
        if len(firsts) > 1:
            raise SettingError(
                f"seeds={','.join(map(str, firsts))}: with decide, must be the same for all cells"
            )
        looks = Looks.until(config.budget, config.seeds, len(plan.by_id) - 1, level=config.compare.level)
        criteria = Criteria(config.compare.metric, config.decide, config.compare.level, paired=True)
        seeds = dict.fromkeys(plan.by_id, looks.seeds[0])
        return Deciding(cells, baseline or cells[0].id, looks, criteria, seeds)

    @property
    def open(self) -> list[str]:
        """Return the ids of the cells that are not decided and may get more seeds."""
        return [cell for cell in self.seeds if cell != self.baseline and not self._closed(cell)]

    def _closed(self, cell: str) -> bool:
        """Return True if a comparison is decided, or never will be.

        If it still has no standard error after the second look, its trials diverge or do not differ at all.
        """
        decision, second = self.decisions.get(cell), self.looks.seeds[:2][-1]
        if decision is None:
            return False
        return decision.decided or (not decision.has_error and decision.seeds >= second)

    def plans(self, console: Console) -> Iterator[Plan]:
        """Yield the plan of what to train before each look; asking for the next plan takes the look."""
        for number, seeds in enumerate(self.looks.seeds, 1):
            going_on = self.open
            self.seeds |= dict.fromkeys([self.baseline, *going_on], seeds)
            yield self.plan(self.seeds)
            values = self.values([self.baseline, *going_on])
            for cell in going_on:
                pair = values[[cell, self.baseline]].reindex(range(seeds)).to_numpy(float)
                self.decisions[cell] = decide(pair, self.looks, self.criteria)
            decided = sum(decision.decided for decision in self.decisions.values())
            console.print(
                f"look {number} of at most {len(self.looks.seeds)}, after {seeds} seeds:"
                f" {decided} of {self.looks.comparisons} decided"
            )
            if not self.open:
                return

    def as_stored(self) -> tuple["Deciding", Plan]:
        """Return this sweep after the looks whose trials are all stored, and the plan of what comes next."""
        ahead = replace(self, seeds=dict(self.seeds), decisions={})
        for plan in ahead.plans(Console(quiet=True)):
            if plan.missing:
                break
        return ahead, plan

    def to_the_end(self) -> Plan:
        """Return the plan of the most that this sweep can train: no open comparison is decided early."""
        going_on = [*self.open, self.baseline] if self.open else []
        return self.plan(self.seeds | dict.fromkeys(going_on, self.looks.seeds[-1]))

    def plan(self, seeds: Mapping[str, int]) -> Plan:
        """Return the plan in which each cell, by its id, has this many seeds."""
        configs = [replace(cell.config, seeds=seeds[cell.id]) for cell in self.cells]
        return make_plan(configs, worker_count(configs[0].parallel))

    def values(self, cells: Sequence[str]) -> pd.DataFrame:
        """Return the metric that is compared, (seeds, cells), with NaN for a trial that diverged."""
        trials = drop_diverged(load(self.cells[0].results, cells))
        table = trials.pivot_table(index="seed", columns="cell", values=self.criteria.metric)
        return table.reindex(columns=list(cells))

    def comparisons(self) -> Comparisons:
        """Return the decisions so far, one row a comparison (see `tabulate`)."""
        return Comparisons(
            table=tabulate(self.decisions, self.baseline, self.looks, criteria=self.criteria),
            criteria=self.criteria,
            baseline=self.baseline,
            chosen_by=None,
            named=self.cells[0].config.compare.baseline is not None,
            family=self.looks.comparisons,
        )


MOST_ROWS = 100  # cells that are shown


def announce(deciding: Deciding, plan: Plan, console: Console) -> Deciding:
    """Print what is compared with what, after how many seeds, and the least and most that is to be trained.

    Return the sweep after the looks whose trials are all stored.
    """
    config, (ahead, least) = plan.cells[0].config, deciding.as_stored()
    most, count = ahead.to_the_end(), worker_count(config.parallel)
    accuracy = config.compare.metric.endswith("accuracy")
    margin = f" ({points(deciding.criteria.margin)})" if accuracy else ""
    first = "" if config.compare.baseline is not None else ", the first"
    *early, last = map(str, deciding.looks.seeds)
    seeds = f"{', '.join(early)} and {last}" if early else last
    console.print(
        visible(
            f"decide={typed_value(config.decide)}{margin}: compares"
            f" {plural(deciding.looks.comparisons, 'setting')} with"
            f" {_written(plan, deciding.baseline)}{first}; looks after {seeds} seeds per setting"
        ),
        soft_wrap=True,
    )
    console.print(
        f"{span(least.trials, most.trials)} trials: {most.trials - most.missing} stored,"
        f" {span(least.missing, most.missing)} to train,"
        f" about {span(_time(least, count), _time(most, count))} on {count} workers",
        soft_wrap=True,
    )
    return ahead


def show_plan(deciding: Deciding, plan: Plan, console: Console, *, explicit: Sequence[str]) -> None:
    """Announce the sweep, and print how many seeds each cell may get and what stored trials say of it."""
    ahead = announce(deciding, plan, console)
    most = ahead.to_the_end()
    announce_obstructions(most, console)
    swept, values = plan.swept
    cells = plan.cells
    last = {cell.id: cell.config.seeds for cell in most.cells}
    ranges = [span(ahead.seeds[cell.id], last[cell.id]) for cell in cells]
    expected = _expected(ahead)
    columns = [
        Column("cell", [cell.id for cell in cells]),
        *setting_columns(explicit_first(swept, explicit), values),
        Column("seeds", ranges, right=True),
        Column("as stored", [expected[cell.id] for cell in cells]),
    ]
    show_table(Table(columns, most_rows=MOST_ROWS), console)
    if any(text.startswith("about") for text in expected.values()):
        console.print("'about' means: decided in 8 sweeps of 10, if differences and spread are as stored")


def _expected(ahead: Deciding) -> dict[str, str]:
    """Return a text for each cell, by id: its decision, or about how many seeds it needs."""
    texts = dict.fromkeys(ahead.seeds, MISSING) | {ahead.baseline: "baseline"}
    texts |= {
        cell: f"{decision.verdict} after {decision.seeds}" if decision.decided else "never decided"
        for cell, decision in ahead.decisions.items()
        if cell not in ahead.open
    }
    results = ahead.cells[0].results
    cells = [ahead.baseline, *ahead.open]
    with_records = {folder.cell for folder in survey(results, cells) if folder.seeds}
    stored = [cell for cell in cells if cell in with_records]
    if ahead.baseline not in stored:
        return texts
    values = ahead.values(stored)
    for cell in stored[1:]:
        decision = decide(values[[cell, ahead.baseline]].to_numpy(float), ahead.looks, ahead.criteria)
        seeds = seeds_to_decide(decision, ahead.looks, ahead.criteria) if decision.has_error else None
        if seeds is not None:
            needed = decision.difference.counts[0] + seeds
            beyond = ", beyond the budget" if needed > ahead.looks.seeds[-1] else ""
            texts[cell] = f"about {needed} seeds{beyond}"
    return texts


def _written(plan: Plan, cell: str) -> str:
    """Return the swept settings of a cell, as they are typed."""
    axes, values = plan.swept
    row = next(row for candidate, row in zip(plan.cells, values, strict=True) if candidate.id == cell)
    return ", ".join(f"{axis}={setting_value(row[axis])}" for axis in axes)


def _time(plan: Plan, count: int) -> str:
    longest = max((block.seconds for block in plan.blocks), default=0.0)
    return duration(max(plan.seconds / count, longest))
