"""How much of a paper's protocol is run, and where the report of each scale lies.

[training] What is trained for a paper: the cells of its experiments at a scale.
"""

from collections.abc import Iterator
from pathlib import Path

from sweep.config.columns import flatten
from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.core.errors import SettingError, SweepError
from sweep.papers.collection import EACH_CELL, FILE, Collection
from sweep.papers.specification import PROTOCOL, SCALES, Paper
from sweep.runner.plan import cells_of
from sweep.system import files

LARGEST = list(SCALES)[-1]


def folder(paper: Path, scale: str, replace: bool = False) -> Path:
    """The folder for a report at a scale, of the paper whose reports lie in `paper`.

    The report in `paper` itself is the one to keep: the largest scale is written there, as is any that is no
    smaller than the one that is there, or that is to `replace` it. Others have a folder of their own below.
    """
    kept = Collection.read(paper).scale if (paper / FILE).is_file() else LARGEST
    chosen = paper if replace or _rank(scale) >= _rank(kept) else paper / scale
    _check_own(paper, chosen)
    return chosen


def folders(paper: Path) -> list[Path]:
    """Those of a paper's folders that hold a report: its own first, then that of each smaller scale."""
    found = [each for each in (paper, *(paper / scale for scale in SCALES)) if (each / FILE).is_file()]
    _check_own(paper, *found)
    return found


def _check_own(*places: Path) -> None:
    """Raise StoreError for a link in the place of a folder that a report is written to."""
    for place in places:
        for folder in (place, *(place / inner for inner in ("tables", "figures", "measurements"))):
            files.refuse_link(folder)


def share(paper: Paper, collection: Collection) -> str:
    """What part of the paper's protocol the records are, in numbers; what of it is not the paper's."""
    parts = [
        f"{experiment}: " + ", ".join(_of(collection, experiment, key, own[key]) for key in own)
        for experiment, own in paper.protocol.items()
    ]
    others = [name for name in paper.experiments if name not in paper.protocol]
    text = f"Of the paper's own protocol: {'; '.join(parts)}." if parts else ""
    return text + (f" The paper gives no protocol for: {', '.join(others)}." if others else "")


def _of(collection: Collection, experiment: str, key: str, published: int) -> str:
    """`10 of 100 seeds`, or `30 seeds (the paper: 1)`."""
    ours, name = _ours(collection, experiment, key), PROTOCOL[key]
    found = f"{published:,}" if ours is None else f"{ours:,.3g}" if ours < 10 else f"{ours:,.0f}"
    if ours is not None and ours > published:
        return f"{found} {name} (the paper: {published:,})"
    return f"{found} of {published:,} {name}"


def _ours(collection: Collection, experiment: str, key: str) -> float | None:
    """How many of it every cell of an experiment has; None for all that there are."""
    trials = collection.trials(experiment, lines=EACH_CELL)
    if key == "seeds":
        return float(trials.groupby("cell")["seed"].nunique().min())
    configs = collection.networks(experiment).drop_duplicates("cell")["config"]
    values = [flatten(config).get(key) for config in configs]
    if key == "max_iterations" or (key == "epochs" and None in values):
        measured = "iterations" if key == "max_iterations" else "epochs_run"
        return float(trials[measured].max())
    given = [float(value) for value in values if value is not None]
    return min(given) if len(given) == len(values) else None


def _rank(scale: str) -> int:
    return list(SCALES).index(scale)


def experiments(paper: Paper, scale: str, results: str = "results") -> dict[str, list[Config]]:
    """The configurations of each of the paper's experiments. Raises SettingError for a wrong setting."""
    try:
        return {
            name: from_settings(
                {"experiment": f"{paper.name}/{name}", "results": results, **paper.scales[scale]}
            )
            for name in paper.experiments
        }
    except SettingError as error:
        raise SettingError(f"{paper.file}: scales.{scale}, or an experiment: {error}") from error


def differences(paper: Paper, collection: Collection) -> Iterator[str]:
    """Which experiments have other cells, or seeds, than the records: one line each."""
    try:
        composed = experiments(paper, collection.scale)
        trials = {
            name: {(cell.id, seed) for cell in cells_of(configs) for seed in cell.config.seed_indices}
            for name, configs in composed.items()
        }
    except SweepError as error:
        yield f"{collection.file}: its cells cannot be computed again: {error}"
        return
    for name, expected in trials.items():
        found = collection.pairs(name)
        if found != expected:
            yield (
                f"{collection.file}: {name}: {len(expected - found)} of the experiment's trials are missing,"
                f" {len(found - expected)} of the records' are none of its trials"
            )
