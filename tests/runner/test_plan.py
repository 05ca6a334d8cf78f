"""Plans: what is missing, each trial once, in blocks that spread evenly."""

import heapq
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweep.config.schema import Config, OptimizerConfig, ParallelConfig
from sweep.core.errors import SweepError
from sweep.data import datasets
from sweep.data.settings import DataConfig, Sizes
from sweep.runner import plan
from sweep.runner.plan import Plan, make_plan, seeds_that_fit
from sweep.session import MOST_ROWS, run_sweep

DATA = DataConfig(train_size=1000, validation_size=100, test_size=100)


def config(results: Path, **settings: object) -> Config:
    return replace(Config(data=DATA, results=str(results)), **settings)  # type: ignore[arg-type]


def planned(plan: Plan) -> list[tuple[str, int]]:
    return [(block.cell.id, seed) for block in plan.blocks for seed in block.seeds]


def test_plan_each_trial_once(tmp_path: Path) -> None:
    """Every missing trial is planned exactly once."""
    configs = [config(tmp_path, hidden=hidden, seeds=7) for hidden in (8, 300, 8)]
    plan = make_plan(configs, n_jobs=2)
    ids = {cell.id for cell in plan.cells}
    assert len(ids) == 2
    assert sorted(planned(plan)) == sorted((cell, seed) for cell in ids for seed in range(7))
    assert plan.trials == plan.missing == 14


def test_plan_repeated_cell(tmp_path: Path) -> None:
    """A cell that occurs twice with different seeds trains their union."""
    plan = make_plan([config(tmp_path, seeds=2), config(tmp_path, seeds=[1, 5])], n_jobs=1)
    assert sorted(seed for _, seed in planned(plan)) == [0, 1, 5]


def test_plan_skips_stored_trials(tmp_path: Path) -> None:
    """Stored trials are not planned."""
    base = config(tmp_path, seeds=4)
    trained = replace(base, seeds=[2], epochs=1, parallel=ParallelConfig(n_jobs=1))
    base = replace(base, epochs=1)
    run_sweep([trained], None, Console(quiet=True))
    assert sorted(seed for _, seed in planned(make_plan([base], 1))) == [0, 1, 3]


def test_plan_longest_block_first(tmp_path: Path) -> None:
    """The longest block comes first."""
    plan = make_plan([config(tmp_path, hidden=hidden) for hidden in (8, 512, 64)], n_jobs=2)
    seconds = [block.seconds for block in plan.blocks]
    assert seconds == sorted(seconds, reverse=True)


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "settings",
    [
        [{"hidden": 16}, {"hidden": 128}, {"hidden": 256}],
        [{"hidden": 16, "vary": ["init"], "seeds": 40}],
        [{"hidden": 8, "seeds": 13}, {"hidden": 300, "seeds": 2}],
    ],
)
def test_plan_balances_workers(settings: list[dict[str, Any]], n_jobs: int, tmp_path: Path) -> None:
    """All workers finish within one trial of each other."""
    plan = make_plan([config(tmp_path, **cell) for cell in settings], n_jobs=n_jobs)
    busy_until = [0.0] * n_jobs
    for block in plan.blocks:
        heapq.heapreplace(busy_until, busy_until[0] + block.seconds)
    trial = max(block.seconds / len(block.seeds) for block in plan.blocks)
    assert max(busy_until) - min(busy_until) <= trial * 1.0001
    # However wrong the estimates are, what comes last is one trial.
    assert n_jobs == 1 or len(plan.blocks[-1].seeds) == 1
    assert n_jobs > 2 or any(len(block.seeds) > 1 for block in plan.blocks)


def test_plan_block_size(tmp_path: Path) -> None:
    """The user's block size is kept."""
    parallel = ParallelConfig(block_size=3)
    plan = make_plan([config(tmp_path, hidden=8, seeds=7, parallel=parallel)], n_jobs=4)
    assert sorted(len(block.seeds) for block in plan.blocks) == [2, 2, 3]


def test_plan_varying_split(tmp_path: Path) -> None:
    """Seeds with different splits are planned alone."""
    plan = make_plan([config(tmp_path, hidden=8, seeds=9, vary=["init", "split"])], n_jobs=1)
    assert [len(block.seeds) for block in plan.blocks] == [1] * 9


def test_plan_wrong_cell(tmp_path: Path) -> None:
    """One wrong cell stops the whole plan."""
    with pytest.raises(SweepError, match="batch_size=2000"):
        make_plan([config(tmp_path), config(tmp_path, batch_size=2000)], n_jobs=1)


def test_plan_two_stores(tmp_path: Path) -> None:
    """All cells of a sweep share one store."""
    with pytest.raises(SweepError, match="results"):
        make_plan([config(tmp_path / "a"), config(tmp_path / "b")], n_jobs=1)


def test_plan_reads_data_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data is read once for each way in which it is configured."""
    looked: dict[str, list[DataConfig]] = {"contents_digest": [], "counts": [], "load": []}
    for name, configs in looked.items():
        plain = getattr(datasets, name)
        # Bound now: the loop goes on to the next name.
        monkeypatch.setattr(datasets, name, lambda data, c=configs, p=plain: (c.append(data), p(data))[1])
    spiral = replace(DATA, name="spiral", classes=2, normalization="unit")
    settings = [(width, noise) for width in range(1, 9) for noise in (0.1, 0.2)]
    make_plan(
        [
            config(tmp_path, hidden=width, batch_size=10, data=replace(spiral, noise=noise))
            for width, noise in settings
        ],
        n_jobs=1,
    )
    both = [replace(spiral, noise=noise) for noise in (0.1, 0.2)]
    assert looked == dict.fromkeys(looked, both)


def test_plan_long_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A long plan is shown shortened."""
    widths = range(1, MOST_ROWS + 31)
    run_sweep([config(tmp_path, hidden=width, dry_run=True) for width in widths], None, Console(width=100))
    first, heading, *rows, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{len(widths)} cells, {5 * len(widths)} trials: 0 stored")
    assert heading.split() == ["cell", "hidden", "seeds", "to", "train"]
    assert [row.split()[1:] for row in rows] == [[str(width), "5", "5"] for width in widths[:MOST_ROWS]]
    assert last == "... and 30 more"


def test_flops_by_hand() -> None:
    # 784-128-10 on 60,000 images, batch 128: 469 steps of the whole or smaller last mini-batch. Each
    # multiplies 784*128 + 128*10 weights forward and for the gradient, and 128*10 to pass errors back.
    """The FLOPs of a trial equal the count by hand."""
    sizes = Sizes(60_000, 0, 10_000, 784, 60_000, 10_000)
    weights = 784 * 128 + 128 * 10
    step = 2 * 128 * (2 * weights + 128 * 10)
    evaluation = 2 * (60_000 + 10_000) * weights
    base = Config(epochs=3, batch_size=128)
    assert plan.flops(base, sizes) == pytest.approx(3 * (469 * step + evaluation))
    adam = replace(base, optimizer=OptimizerConfig(name="adam"))
    assert plan.trial_seconds(adam, sizes, 1e11) > plan.trial_seconds(base, sizes, 1e11)


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        # 784-128-10: 101,770 parameters, with their gradients 814,160 bytes in float32, of 6 MiB.
        ({"vary": ["init"]}, 7),
        ({"vary": ["init"], "precision": "float64"}, 3),
        # With 50 examples of 784 inputs of its own 970,960 bytes, with 1024 of them 4,025,424.
        ({}, 6),
        ({"batch_size": 1024}, 1),
        ({"vary": ["init"], "batch_size": 1024}, 16),  # of 16 MiB 20, but never more than 16
        # Activations and errors of 55,000 examples and 138 units: 60.7 MB a seed, of 64 MiB.
        ({"vary": ["init"], "batch_size": "all"}, 1),
        # 784-16-10: 12,730 parameters, 101,840 bytes, with 128 examples 503,248.
        ({"hidden": 16, "batch_size": 128}, 12),
        ({"hidden": 16, "vary": ["init"]}, 16),
    ],
)
def test_seeds_that_fit(settings: dict[str, Any], seeds: int) -> None:
    """A block holds as many seeds as fit into memory."""
    sizes = Sizes(55_000, 5_000, 10_000, 784, available=60_000, available_test=10_000)
    assert seeds_that_fit(Config(**{"hidden": 128, "batch_size": 50, **settings}), sizes) == seeds
