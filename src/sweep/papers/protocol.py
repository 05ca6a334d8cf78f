"""The scales of a paper's protocol: the cells to train, the share that was run, the folders of reports."""

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


def experiment_configs(paper: Paper, scale: str, results: str = "results") -> dict[str, list[Config]]:
    """Return the configurations of each experiment at a scale. Raises SettingError for a wrong setting."""
    try:
        return {
            name: from_settings(
                {"experiment": f"{paper.name}/{name}", "results": results, **paper.scales[scale]}
            )
            for name in paper.experiments
        }
    except SettingError as error:
        raise SettingError(f"{paper.file}: scales.{scale}, or an experiment: {error}") from error


def experiment_differences(paper: Paper, collection: Collection) -> Iterator[str]:
    """Yield one line for each experiment whose cells or seeds differ from those of the records."""
    try:
        trials = {
            name: {(cell.id, seed) for cell in cells_of(configs) for seed in cell.config.seed_indices}
            for name, configs in experiment_configs(paper, collection.scale).items()
        }
    except SweepError as error:
        yield f"{collection.file}: cannot be checked, as the experiments have a mistake: {error}"
        return
    for name, expected in trials.items():
        stored = collection.pairs(name)
        if stored != expected:
            yield (
                f"{collection.file} does not match the experiment {name}: {len(expected - stored)} of its"
                f" trials are missing, {len(stored - expected)} others are stored"
            )


def report_folder(paper: Path, scale: str, *, replace: bool = False) -> Path:
    """Choose the folder for a report at a scale, of the paper whose reports lie in `paper`.

    The folder `paper` itself is for the largest scale. A report that is no smaller than the one in it goes
    there, too, as does one that is to `replace` it; any other goes to a folder of its own below.
    """
    present = Collection.read(paper).scale if (paper / FILE).is_file() else LARGEST
    chosen = paper if replace or _rank(scale) >= _rank(present) else paper / scale
    _refuse_links(chosen)
    return chosen


def report_folders(paper: Path) -> list[Path]:
    """List the folders of a paper that hold a report: its own first, then one for each smaller scale."""
    folders = [
        folder for folder in (paper, *(paper / scale for scale in SCALES)) if (folder / FILE).is_file()
    ]
    _refuse_links(*folders)
    return folders


def _refuse_links(*reports: Path) -> None:
    """Raise StoreError if a link stands in place of a folder that a report is written to."""
    for report in reports:
        for folder in (report, *(report / inner for inner in ("tables", "figures", "measurements"))):
            files.refuse_link(folder)


def _rank(scale: str) -> int:
    return list(SCALES).index(scale)


def share(paper: Paper, collection: Collection) -> str:
    """Say in numbers how much of the paper's protocol the records cover, and what lies outside of it."""
    parts = [
        f"{experiment}: " + ", ".join(_share(collection, experiment, key, numbers[key]) for key in numbers)
        for experiment, numbers in paper.protocol.items()
    ]
    others = [name for name in paper.experiments if name not in paper.protocol]
    text = f"Share of the paper's own protocol: {'; '.join(parts)}." if parts else ""
    return text + (f" The paper gives no protocol for: {', '.join(others)}." if others else "")


def _share(collection: Collection, experiment: str, key: str, published: int) -> str:
    """Write one number beside the paper's: `10 of 100 seeds`, or `30 seeds (the paper: 1)`."""
    ours, unit = _ours(collection, experiment, key), PROTOCOL[key]
    number = f"{published:,}" if ours is None else f"{ours:,.3g}" if ours < 10 else f"{ours:,.0f}"
    if ours is not None and ours > published:
        return f"{number} {unit} (the paper: {published:,})"
    return f"{number} of {published:,} {unit}"


def _ours(collection: Collection, experiment: str, key: str) -> float | None:
    """Return the number that every cell of an experiment reaches; None if no cell is limited."""
    trials = collection.trials(experiment, lines=EACH_CELL)
    if key == "seeds":
        return float(trials.groupby("cell")["seed"].nunique().min())
    configs = collection.networks(experiment).drop_duplicates("cell")["config"]
    values = [flatten(config).get(key) for config in configs]
    # A limit on iterations may end training within an epoch: then what was run counts, not the settings.
    if key == "max_iterations" or (key == "epochs" and None in values):
        measured = "iterations" if key == "max_iterations" else "epochs_run"
        return float(trials[measured].max())
    limits = [float(value) for value in values if value is not None]
    return min(limits) if len(limits) == len(values) else None
