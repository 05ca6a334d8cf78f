"""Cells keep their names: those of the five reports, written down when they were first trained."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from sweep.config import grid
from sweep.config.cell import cell_id
from sweep.config.columns import columns_of, settings_of_row
from sweep.config.compose import (
    application_composer,
    dotted,
    expand,
    from_settings,
    register_schema,
    sweep_application,
)
from sweep.data import datasets
from sweep.data.settings import sizes
from sweep.runner.plan import cells_of
from sweep.system import files

IDS: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("cell_ids.json").read_text(encoding="utf-8")
)
# Their data was generated in another way: other examples are other cells.
OTHER_DATA = {("zhao", "exam"), ("zhao", "spiral")}
EXPERIMENTS = [(paper, name) for paper, own in IDS.items() for name in own]


@pytest.mark.parametrize(("paper", "experiment"), EXPERIMENTS)
def test_cells_of_reports_keep_their_ids(paper: str, experiment: str) -> None:
    file = files.package_folder("reports") / paper / "paper.yaml"
    scales = yaml.safe_load(file.read_text(encoding="utf-8"))["scales"]
    configs = from_settings({"experiment": f"{paper}/{experiment}", **(scales["full"] or {})})
    ids = [cell.id for cell in cells_of(configs)]
    if (paper, experiment) in OTHER_DATA:
        assert not set(ids) & set(IDS[paper][experiment])
    else:
        assert ids == IDS[paper][experiment]


COMMITTED = sorted(files.package_folder("reports").glob("*/*.parquet"))


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_committed_records_have_current_ids(file: Path) -> None:
    """Of every record behind a report: from its settings follows the name under which it was stored."""
    table = pq.ParquetFile(file).read(["cell", "config"]).to_pandas().drop_duplicates("cell")
    register_schema()
    with sweep_application():  # once for all, as it takes most of the time
        composer = application_composer()
        for name, text in zip(table["cell"], table["config"], strict=True):
            settings = json.loads(text)
            typed = dotted(settings_of_row(columns_of(settings)))
            (config,) = expand([grid.override(*item) for item in typed], composer)
            digest = settings["data"]["digest"]
            assert cell_id(config, digest, sizes(datasets.counts(config.data), config.data)) == name
