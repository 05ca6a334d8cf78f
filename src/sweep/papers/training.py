"""What is trained for a paper: the cells of its experiments at a scale."""

from collections.abc import Iterator

from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.errors import SettingError, SweepError
from sweep.execution.plan import cells_of
from sweep.papers.collection import Collection
from sweep.papers.specification import Paper


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
