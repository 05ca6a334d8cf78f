"""A sweep with `decide`: it trains more seeds until each comparison is decided, or the budget ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from rich.console import Console

from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.statistics.comparison import Comparisons
from sweep.analysis.statistics.decisions import Decision, decide, tabulate
from sweep.analysis.statistics.sequential import Looks
from sweep.analysis.statistics.terms import Terms
from sweep.errors import SettingError
from sweep.execution.plan import Cell, Plan, make_plan
from sweep.execution.pool import workers
from sweep.records.table import load


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
    terms: Terms
    seeds: dict[str, int]
    decisions: dict[str, Decision] = field(default_factory=dict)

    @staticmethod
    def of(plan: Plan, baseline: str | None = None) -> "Deciding":
        """The looks at the cells of this plan. `baseline` is the id of one of them; None means the first.

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
        looks = Looks.until(config.budget, config.seeds, len(plan.by_id) - 1, config.compare.level)
        terms = Terms(config.compare.metric, config.decide, config.compare.level, paired=True)
        seeds = dict.fromkeys(plan.by_id, looks.seeds[0])
        return Deciding(cells, baseline or cells[0].id, looks, terms, seeds)

    @property
    def open(self) -> list[str]:
        """The ids of the cells that are not decided and may get more seeds."""
        return [cell for cell in self.seeds if cell != self.baseline and not self._closed(cell)]

    def _closed(self, cell: str) -> bool:
        """Whether a comparison is decided, or never will be.

        If it still has no standard error after the second look, its trials diverge or do not differ at all.
        """
        decision, second = self.decisions.get(cell), self.looks.seeds[:2][-1]
        if decision is None:
            return False
        return decision.decided or (not decision.known and decision.seeds >= second)

    def plans(self, console: Console) -> Iterator[Plan]:
        """Yield the plan of what to train before each look; asking for the next plan takes the look."""
        for number, seeds in enumerate(self.looks.seeds, 1):
            going_on = self.open
            self.seeds |= dict.fromkeys([self.baseline, *going_on], seeds)
            yield self.plan(self.seeds)
            values = self.values([self.baseline, *going_on])
            for cell in going_on:
                pair = values[[cell, self.baseline]].reindex(range(seeds)).to_numpy(float)
                self.decisions[cell] = decide(pair, self.looks, self.terms)
            decided = sum(decision.decided for decision in self.decisions.values())
            console.print(
                f"look {number} of at most {len(self.looks.seeds)}, after {seeds} seeds:"
                f" {decided} of {self.looks.comparisons} decided"
            )
            if not self.open:
                return

    def as_stored(self) -> tuple["Deciding", Plan]:
        """This sweep after the looks whose trials are all stored, and the plan of what to train next."""
        ahead = replace(self, seeds=dict(self.seeds), decisions={})
        for plan in ahead.plans(Console(quiet=True)):
            if plan.missing:
                break
        return ahead, plan

    def to_the_end(self) -> Plan:
        """The plan of the most that this sweep can train, if no open comparison is decided before the end."""
        going_on = [*self.open, self.baseline] if self.open else []
        return self.plan(self.seeds | dict.fromkeys(going_on, self.looks.seeds[-1]))

    def plan(self, seeds: Mapping[str, int]) -> Plan:
        """The plan in which each cell, by its id, has this many seeds."""
        configs = [replace(cell.config, seeds=seeds[cell.id]) for cell in self.cells]
        return make_plan(configs, workers(configs[0].parallel))

    def values(self, cells: Sequence[str]) -> pd.DataFrame:
        """The metric that is compared, (seeds, cells): a row for each seed, NaN for a trial that diverged."""
        trials = drop_diverged(load(self.cells[0].results, cells))
        table = trials.pivot_table(index="seed", columns="cell", values=self.terms.metric)
        return table.reindex(columns=list(cells))

    def comparisons(self) -> Comparisons:
        """The decisions so far, one row a comparison (see `tabulate`)."""
        return Comparisons(
            table=tabulate(self.decisions, self.baseline, self.looks, self.terms),
            terms=self.terms,
            baseline=self.baseline,
            chosen_by=None,
            named=self.cells[0].config.compare.baseline is not None,
            family=self.looks.comparisons,
        )
