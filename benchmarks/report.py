"""The page reports/benchmarks/: tables and figures from the files that a run has written."""

import platform
from collections.abc import Hashable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from benchmarks.cells import GROUPS, Group, published
from matplotlib.figure import Figure

from sweep.papers import manifest

Row = dict[str, Any]  # a cell and an engine

FOLDER = Path("reports/benchmarks")
OURS, SEPARATE, EAGER = "sweep", "sweep, own order", "PyTorch eager"
PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "jax")

INCLUDED = """\
Each number is the time of gathering the mini-batches, forward pass, gradient and update, on one core, in
float32, on 60,000 MNIST images; for `sweep` and scikit-learn also of drawing the order of the images. For no
engine does it include building the model, compiling or, except for whole epochs, evaluation. In each cell, an
engine trains as many steps as 6,400 images need (a twentieth of that one by one, at least 20 steps); the time
is scaled to an epoch of 60,000. Whole epochs have 54,000 images, and loss and accuracy on the training,
validation (6,000) and test (10,000) parts. The engines take turns; each number is the median of the rounds.

The networks have a softmax output and cross-entropy or, where the title says so, sigmoid outputs and squared
error (linear outputs in scikit-learn). PyTorch and scikit-learn train one seed. JAX trains ten seeds through
`vmap`, five for whole epochs, with the same order of the images for all; `sweep` does the same
(`vary=[init]`), in the blocks of seeds that a plan makes. In `sweep, own order` each seed has its own order,
which is the default, so that each gathers its own mini-batches. `sweep, NumPy` is `sweep` without Numba, the
extra `fast`. The machine's rate is that of a float32 product of two 2048 × 2048 matrices in one thread,
measured in every round. The share is the arithmetic of the cell's matrix products, divided by its time and
by that rate.
"""


def read_cells() -> list[Row]:
    """Return earlier measurements; empty if there are none."""
    file = FOLDER / "cells.csv"
    return [dict(row) for _, row in pd.read_csv(file).iterrows()] if file.exists() else []


def write_cells(rows: Sequence[Row]) -> None:
    """Save measurements, in the order of the comparison."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    order = {str(cell): number for number, cell in enumerate(published())}
    measured = pd.DataFrame(rows).sort_values("cell", key=lambda names: names.map(order), kind="stable")
    measured.to_csv(FOLDER / "cells.csv", index=False, float_format="%.6g")
    write_environment()


def write_environment() -> None:
    """Add this processor and these package versions to those of earlier runs."""
    software = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    environment = f"{_processor()}; Python {platform.python_version()}, {software}"
    file = FOLDER / "environment.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    file.write_text("\n".join(dict.fromkeys([*lines, environment])) + "\n")


def write_commands(rows: Sequence[tuple[str, str]]) -> None:
    """Save the times of whole commands."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=["what", "measured"]).to_csv(FOLDER / "commands.csv", index=False)


def write_page() -> None:
    """Draw the figures and write the page from the two files."""
    measured = pd.read_csv(FOLDER / "cells.csv")
    file = FOLDER / "commands.csv"
    commands = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=["what", "measured"])
    for group, rows in _by_group(measured):
        draw(rows, FOLDER / group.figure)
    (FOLDER / "README.md").write_text(page(measured, commands))
    manifest.write_page_manifest(FOLDER)


def draw(measured: pd.DataFrame, file: Path) -> None:
    """Draw the seconds of every engine, one panel a mini-batch size, one row a network and optimizer."""
    engines = list(dict.fromkeys(measured["engine"]))
    networks = measured.assign(network=[_network(row) for row in measured.to_dict("records")])
    batches = sorted(measured["batch"].unique())
    order = list(dict.fromkeys(networks["network"]))
    figure = Figure(figsize=(11, 1.6 + 0.27 * len(order)), layout="constrained")
    (panels,) = figure.subplots(1, len(batches), sharey=True, squeeze=False)
    for panel, batch in zip(panels, batches, strict=True):
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
            ax=panel,
            legend=batch == batches[-1],
        )
        panel.set(xscale="log", xlabel="seconds per epoch and seed", ylabel="", title=f"batch size {batch}")
        panel.grid(axis="y", color="0.9")
        panel.set_axisbelow(True)
    panels[0].set_ylabel("hidden units (× layers), optimizer")
    handles, labels = panels[-1].get_legend_handles_labels()
    panels[-1].get_legend().remove()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(engines), frameon=False)
    figure.savefig(file, dpi=130)


def _network(row: dict[Hashable, Any]) -> str:
    layers = f"{row['hidden']}×{row['depth']}" if row["depth"] > 1 else str(row["hidden"])
    activation = "" if row["activation"] == "relu" else f" {row['activation']}"
    return f"{layers}{activation}, {row['optimizer']}"


def page(measured: pd.DataFrame, commands: pd.DataFrame) -> str:
    """Return the page as Markdown."""
    environments = [line.partition("; ") for line in (FOLDER / "environment.txt").read_text().splitlines()]
    machines = " and ".join(dict.fromkeys(processor for processor, _, _ in environments))
    software = "; earlier cells with ".join(software for _, _, software in reversed(environments))
    rounds, rate = measured["rounds"].iloc[0], measured["gflops"]
    return "\n".join(
        [
            "# Speed",
            "",
            f"Measured by `python -m benchmarks --write` in {rounds} rounds on one core of {machines}.",
            f"The median rate of its matrix product was {rate.median():.0f} GFLOP/s ({rate.min():.0f} to"
            f" {rate.max():.0f}, as the machine is shared). {software}.",
            "",
            INCLUDED,
            *([notes.read_text()] if (notes := FOLDER / "notes.md").exists() else []),
            "## Seconds per epoch and seed",
            "",
            *(line for group, rows in _by_group(measured) for line in _section(group, rows)),
            "## Whole commands",
            "",
            _table(["what", "measured"], commands.to_numpy().tolist()),
            "",
        ]
    )


def _by_group(measured: pd.DataFrame) -> Iterator[tuple[Group, pd.DataFrame]]:
    """Yield the groups that have measurements, with these."""
    for group in GROUPS:
        rows = measured[measured["cell"].isin([str(cell) for cell in group.cells])]
        if len(rows):
            yield group, rows


def _section(group: Group, measured: pd.DataFrame) -> list[str]:
    figure = f"![Seconds per epoch and seed of every engine: {group.title}]({group.figure})"
    return [f"### {group.title}", "", figure, "", _summary(measured), "", _cells_table(measured), ""]


def _by_engine(measured: pd.DataFrame, values: str) -> pd.DataFrame:
    """Return one row a cell, one column an engine, in the order of measurement."""
    table = measured.pivot_table(index="cell", columns="engine", values=values, sort=False)
    return table[list(dict.fromkeys(measured["engine"]))]


def _peers(engines: Iterable[Hashable]) -> list[str]:
    return [str(name) for name in engines if not str(name).startswith(OURS)]


def _summary(measured: pd.DataFrame) -> str:
    """Return sentences on how often we are ahead, how near the machine's rate, and the spread of rounds."""
    seconds = _by_engine(measured, "seconds")
    peers = _peers(seconds)
    sentences = [_ahead(seconds, peers)] if peers else []
    ours = measured[measured["engine"] == OURS].set_index("cell")
    for units, cells in (("16 units", ours["hidden"] < 128), ("128 units or more", ours["hidden"] >= 128)):
        share = ours.loc[cells & (ours["batch"] > 1), "share"]
        if len(share):
            sentences.append(
                f"With {units} and mini-batches of more than one image, it reaches a median of"
                f" {share.median():.0%} of the machine's rate in {len(share)} cells"
                f" ({share.min():.0%} to {share.max():.0%})"
            )
    spread = ((measured["high"] - measured["low"]) / measured["seconds"]).dropna()
    if len(spread):
        sentences.append(
            f"The slowest round takes longer than the fastest by a median of {spread.median():.0%} of the"
            f" time ({spread.max():.0%} at most)"
        )
    return ". ".join(sentences) + "."


def _ahead(seconds: pd.DataFrame, peers: list[str]) -> str:
    best = seconds[peers].min(axis=1)
    ours, separate = (seconds[name] <= best for name in (OURS, SEPARATE))
    sentence = (
        f"`sweep` is at least as fast as every peer in {ours.sum()} of {len(seconds)} cells, and in"
        f" {separate.sum()} if each seed has its own order"
    )
    if EAGER in peers:
        eager = (seconds[OURS] * 1.5 <= seconds[EAGER]).sum()
        sentence += f"; it is at least 1.5 times as fast as PyTorch eager in {eager} cells"
    return sentence


def _cells_table(measured: pd.DataFrame) -> str:
    seconds, share = _by_engine(measured, "seconds"), _by_engine(measured, "share")
    engines = [str(name) for name in seconds]
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


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
