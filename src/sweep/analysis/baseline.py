"""The cell of a plan that others are compared with, where the user has named one."""

import pandas as pd

from sweep.analysis.matching import named_cell
from sweep.config.row import columns_of
from sweep.errors import SettingError, TrialsError
from sweep.execution.plan import Plan


def baseline_of(plan: Plan) -> str | None:
    """The id of the cell that `compare.baseline` names; None where it names none.

    Raises SettingError unless it is one of the plan's cells, and one alone.
    """
    baseline = plan.cells[0].config.compare.baseline
    if baseline is None:
        return None
    rows = [{"cell": name, **columns_of(cells[0].settings())} for name, cells in plan.by_id.items()]
    try:
        return named_cell(pd.DataFrame(rows, dtype=object), baseline, noun="cell")
    except TrialsError as error:
        text = str(error)
        named = text if text.startswith("baseline=") else f"baseline: {text}"
        raise SettingError(f"compare.{named}") from error
