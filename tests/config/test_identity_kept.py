"""Cells keep their names: those of the five reports, written down when they were first trained."""

import json
from pathlib import Path

import pytest
import yaml

from sweep import resources
from sweep.config.compose import from_settings
from sweep.execution.plan import cells_of

IDS: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("cell_ids.json").read_text(encoding="utf-8")
)
# Their data was generated in another way: other examples are other cells.
OTHER_DATA = {("zhao", "exam"), ("zhao", "spiral")}
EXPERIMENTS = [(paper, name) for paper, own in IDS.items() for name in own]


@pytest.mark.parametrize(("paper", "experiment"), EXPERIMENTS)
def test_the_cells_of_a_report_keep_their_names(paper: str, experiment: str) -> None:
    file = resources.folder("reports") / paper / "paper.yaml"
    scales = yaml.safe_load(file.read_text(encoding="utf-8"))["scales"]
    configs = from_settings({"experiment": f"{paper}/{experiment}", **(scales["full"] or {})})
    ids = [cell.id for cell in cells_of(configs)]
    if (paper, experiment) in OTHER_DATA:
        assert not set(ids) & set(IDS[paper][experiment])
    else:
        assert ids == IDS[paper][experiment]
