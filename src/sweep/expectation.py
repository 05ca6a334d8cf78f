"""What a sweep with `decide` prints before it begins: its looks, and the least and most that it trains."""

from collections.abc import Sequence

from rich.console import Console

from sweep.analysis.statistics.decisions import decide, more
from sweep.analysis.terminal import Column, setting_columns, show_cells
from sweep.config.touched import in_order
from sweep.config.wording import show
from sweep.deciding import Deciding
from sweep.errors import visible
from sweep.execution import setting_aside
from sweep.execution.plan import Plan
from sweep.execution.pool import workers
from sweep.formats import duration, plural, points, setting_value, span
from sweep.records.survey import survey

MOST_ROWS = 100  # cells that are shown


def announce(deciding: Deciding, plan: Plan, console: Console) -> Deciding:
    """Print what is compared with what, after how many seeds, and the least and most that is to be trained.

    Returns the sweep after the looks whose trials are all stored.
    """
    config, (ahead, least) = plan.cells[0].config, deciding.as_stored()
    most, count = ahead.to_the_end(), workers(config.parallel)
    accuracy = config.compare.metric.endswith("accuracy")
    margin = f" ({points(deciding.terms.margin)})" if accuracy else ""
    first = "" if config.compare.baseline is not None else ", the first cell"
    seeds = ", ".join(map(str, deciding.looks.seeds))
    console.print(
        visible(
            f"decide={show(config.decide)}{margin}: {plural(deciding.looks.comparisons, 'comparison')} with"
            f" {_written(plan, deciding.baseline)}{first}; looks after {seeds} seeds a cell"
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


def show_plan(deciding: Deciding, plan: Plan, console: Console, given: Sequence[str]) -> None:
    """Announce the sweep, and print how many seeds each cell may get and what stored trials say of it."""
    ahead = announce(deciding, plan, console)
    most = ahead.to_the_end()
    setting_aside.announce(most, console)
    swept, values = plan.swept
    cells, values = plan.cells[:MOST_ROWS], values[:MOST_ROWS]
    last = {cell.id: cell.config.seeds for cell in most.cells}
    ranges = [span(ahead.seeds[cell.id], last[cell.id]) for cell in cells]
    expected = _expected(ahead)
    show_cells(
        [
            Column("cell", [cell.id for cell in cells]),
            *setting_columns(in_order(swept, given), values),
            Column("seeds", ranges, right=True),
            Column("as stored", [expected[cell.id] for cell in cells]),
        ],
        len(plan.cells) - len(cells),
        console,
    )
    if any(text.startswith("about") for text in expected.values()):
        console.print("about: with a probability of 80 %, if differences and spread are as stored")


def _expected(ahead: Deciding) -> dict[str, str]:
    """A text for each cell, by id: its decision, or about how many seeds it needs, by stored trials."""
    texts = dict.fromkeys(ahead.seeds, "–") | {ahead.baseline: "baseline"}
    texts |= {
        cell: f"{decision.verdict} after {decision.seeds}" if decision.decided else "never decided"
        for cell, decision in ahead.decisions.items()
        if cell not in ahead.open
    }
    results = ahead.cells[0].results
    there = {each.cell for each in survey(results, [ahead.baseline, *ahead.open]) if each.seeds}
    stored = [cell for cell in [ahead.baseline, *ahead.open] if cell in there]
    if ahead.baseline not in stored:
        return texts
    values = ahead.values(stored)
    for cell in stored[1:]:
        decision = decide(values[[cell, ahead.baseline]].to_numpy(float), ahead.looks, ahead.terms)
        seeds = more(decision, ahead.looks, ahead.terms) if decision.known else None
        if seeds is not None:
            needed = decision.difference.counts[0] + seeds
            beyond = ", beyond the budget" if needed > ahead.looks.seeds[-1] else ""
            texts[cell] = f"about {needed} seeds{beyond}"
    return texts


def _written(plan: Plan, cell: str) -> str:
    """The swept settings of a cell, as they are typed."""
    axes, values = plan.swept
    row = next(row for own, row in zip(plan.cells, values, strict=True) if own.id == cell)
    return ", ".join(f"{axis}={setting_value(row[axis])}" for axis in axes)


def _time(plan: Plan, count: int) -> str:
    longest = max((block.seconds for block in plan.blocks), default=0.0)
    return duration(max(plan.seconds / count, longest))
