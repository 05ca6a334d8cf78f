"""The page reports/benchmarks/: tables and a figure from the files that a run has written."""

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import pandas as pd
import seaborn as sns
from benchmarks.cells import published
from matplotlib import pyplot as plt

from sweep.papers import pages

FOLDER = Path("reports/benchmarks")
OURS, EAGER = "sweep", "PyTorch eager"
PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "jax")

INCLUDED = """\
What each number includes: drawing the order of the images, gathering every mini-batch, forward pass,
gradient and update, on one processor, float32, on 60,000 MNIST images. What it leaves out, for every engine
alike: building the model, compiling, evaluation. Of each cell an engine trains as many steps as 6,400
images need (a twentieth of that one by one, at least 20 steps); the time is scaled to an epoch of 60,000.
Engines take turns; each number is the median of the rounds. ReLU, softmax, cross-entropy. PyTorch and
scikit-learn train one seed. JAX trains ten seeds through `vmap`, with one order of the images for all;
`sweep` does the same (`vary=[init]`), in blocks of as many seeds as a plan makes. `sweep, own order` gives
each seed an order of its own (the default), so that each gathers its own mini-batches; `sweep, NumPy` is
`sweep` without Numba, the extra `fast`. The rate of the machine is that of a float32 product of two 2048 ×
2048 matrices in one thread, measured before every measurement; the share is the arithmetic of the cell's
matrix products, divided by time and by that rate.
"""


def read_cells() -> pd.DataFrame:
    """What was measured before; empty where nothing was."""
    file = FOLDER / "cells.csv"
    return pd.read_csv(file) if file.exists() else pd.DataFrame({"cell": []})


def write_cells(measured: pd.DataFrame) -> None:
    """Keep what was measured, in the order of the comparison."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    order = [str(cell) for cell in published()]
    measured = measured.sort_values("cell", key=lambda names: names.map(order.index), kind="stable")
    measured.to_csv(FOLDER / "cells.csv", index=False, float_format="%.6g")
    write_environment()


def write_environment() -> None:
    """Keep what the run ran on."""
    software = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = platform.python_version()
    (FOLDER / "environment.txt").write_text(f"{_processor()}; Python {python}, {software}\n")


def write_commands(rows: Sequence[tuple[str, str]]) -> None:
    """Keep the times of whole commands."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=["what", "measured"]).to_csv(FOLDER / "commands.csv", index=False)


def write_page() -> None:
    """Draw the figure and write the page from the two files."""
    measured = pd.read_csv(FOLDER / "cells.csv")
    file = FOLDER / "commands.csv"
    commands = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=["what", "measured"])
    draw(measured, FOLDER / "seconds.png")
    (FOLDER / "README.md").write_text(page(measured, commands))
    pages.write_manifest(FOLDER)


def page(measured: pd.DataFrame, commands: pd.DataFrame) -> str:
    """The page as Markdown."""
    rounds, rate = measured["rounds"].iloc[0], measured["gflops"]
    processor, _, software = (FOLDER / "environment.txt").read_text().strip().partition("; ")
    return "\n".join(
        [
            "# Speed",
            "",
            f"Measured by `python -m benchmarks --write` on one core of {processor}, whose own",
            f"matrix product ran at {rate.median():.0f} GFLOP/s in the median ({rate.min():.0f} to"
            f" {rate.max():.0f}: a shared machine); {rounds} rounds. {software}.",
            "",
            INCLUDED,
            *([notes.read_text()] if (notes := FOLDER / "notes.md").exists() else []),
            "![Seconds per epoch and seed of every engine in every cell](seconds.png)",
            "",
            "## Seconds per epoch and seed",
            "",
            _summary(measured),
            "",
            _cells_table(measured),
            "",
            "## Whole commands",
            "",
            _table(["what", "measured"], commands.to_numpy().tolist()),
            "",
        ]
    )


def _by_engine(measured: pd.DataFrame, values: str) -> pd.DataFrame:
    """One row a cell, one column an engine, in the order in which they were measured."""
    table = measured.pivot_table(index="cell", columns="engine", values=values, sort=False)
    return table[list(dict.fromkeys(measured["engine"]))]


def _peers(engines: Iterable[str]) -> list[str]:
    return [name for name in engines if not name.startswith(OURS)]


def _summary(measured: pd.DataFrame) -> str:
    """In how many cells we are ahead, and near the machine's rate."""
    seconds = _by_engine(measured, "seconds")
    ours = measured[measured["engine"] == OURS].set_index("cell")
    peers = _peers(seconds)
    sentences = []
    if peers:
        ahead = (seconds[OURS] <= seconds[peers].min(axis=1)).sum()
        sentences.append(f"`sweep` is at least as fast as every peer in {ahead} of {len(seconds)} cells")
        if EAGER in peers:
            eager = (seconds[OURS] * 1.5 <= seconds[EAGER]).sum()
            sentences[-1] += f", at least 1.5 times as fast as PyTorch eager in {eager}"
    for units, cells in (("16 units", ours["hidden"] < 128), ("128 units and more", ours["hidden"] >= 128)):
        share = ours.loc[cells & (ours["batch"] > 1), "share"]
        if len(share):
            sentences.append(
                f"With {units} and larger mini-batches than one, its share of the machine's rate is"
                f" {share.median():.0%} in the median of {len(share)} cells"
                f" ({share.min():.0%} to {share.max():.0%})"
            )
    return ". ".join(sentences) + "."


def _cells_table(measured: pd.DataFrame) -> str:
    seconds, share = _by_engine(measured, "seconds"), _by_engine(measured, "share")
    engines = list(seconds)
    peers = _peers(engines)
    headings = ["cell", *engines, "share of the machine's rate"]
    if peers:
        headings += ["times as fast as the best peer", "as PyTorch eager"]
    rows = []
    for cell in seconds.index:
        times = seconds.loc[cell]
        row = [cell, *(f"{times[name]:.3g}" for name in engines), f"{share.loc[cell, OURS]:.0%}"]
        if peers:
            best = times[peers].idxmin()
            row.append(f"{times[best] / times[OURS]:.2f} ({best})")
            row.append(f"{times[EAGER] / times[OURS]:.1f}" if EAGER in peers else "–")
        rows.append(row)
    return _table(headings, rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def draw(measured: pd.DataFrame, file: Path) -> None:
    """Seconds of every engine, one panel a batch size, one row a network and optimizer."""
    engines = list(dict.fromkeys(measured["engine"]))
    networks = measured.assign(
        network=[
            f"{row.hidden}×{row.depth}, {row.optimizer}"
            if row.depth > 1
            else f"{row.hidden}, {row.optimizer}"
            for row in measured.itertuples()
        ]
    )
    batches = sorted(measured["batch"].unique())
    order = list(dict.fromkeys(networks["network"]))
    figure, (axes,) = plt.subplots(
        1,
        len(batches),
        figsize=(11, 1.6 + 0.27 * len(order)),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for axis, batch in zip(axes, batches, strict=True):
        sns.scatterplot(
            data=networks[networks["batch"] == batch],
            x="seconds",
            y=pd.Categorical(networks.loc[networks["batch"] == batch, "network"], order),
            hue="engine",
            style="engine",
            hue_order=engines,
            style_order=engines,
            palette="colorblind",
            s=45,
            ax=axis,
            legend=batch == batches[-1],
        )
        axis.set(xscale="log", xlabel="seconds per epoch and seed", ylabel="", title=f"batch size {batch}")
        axis.grid(axis="y", color="0.9")
        axis.set_axisbelow(True)
    axes[0].set_ylabel("hidden units (× layers), optimizer")
    handles, labels = axes[-1].get_legend_handles_labels()
    axes[-1].get_legend().remove()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(engines), frameon=False)
    figure.savefig(file, dpi=130)
    plt.close(figure)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
