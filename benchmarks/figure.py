"""The seconds of every engine as a figure."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt


def draw(measured: pd.DataFrame, file: Path) -> None:
    """Seconds of every engine, one panel a size of the mini-batch, one row a network and optimizer."""
    engines = list(dict.fromkeys(measured["engine"]))
    networks = measured.assign(network=[_network(row) for row in measured.to_dict("records")])
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


def _network(row: dict[Hashable, Any]) -> str:
    layers = f"{row['hidden']}×{row['depth']}" if row["depth"] > 1 else str(row["hidden"])
    activation = "" if row["activation"] == "relu" else f" {row['activation']}"
    return f"{layers}{activation}, {row['optimizer']}"
