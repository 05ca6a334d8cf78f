"""The cell of a plan that others are compared with, where the user has named one."""

from collections.abc import Mapping

from sweep.config import grid
from sweep.config.row import columns_of, same_value
from sweep.errors import SettingError, nearest
from sweep.execution.plan import Plan


def baseline_of(plan: Plan) -> str | None:
    """The cell that `compare.baseline` names; None where it names none.

    Raises SettingError unless it is one of the plan's, and one alone.
    """
    baseline = plan.cells[0].config.compare.baseline
    if baseline is None:
        return None
    where = baseline if isinstance(baseline, Mapping) else {"cell": baseline}
    rows = {name: {"cell": name, **columns_of(cells[0].settings())} for name, cells in plan.by_id.items()}
    for key in where:
        if key not in next(iter(rows.values())):
            known = next(iter(rows.values()))
            raise SettingError(
                f"compare.baseline: {key}: no such setting of a cell{nearest(str(key), known)}"
            )
    found = [
        name
        for name, row in rows.items()
        if all(same_value(row.get(key), value) for key, value in where.items())
    ]
    if len(found) != 1:
        text = baseline if isinstance(baseline, str) else grid.text(baseline)
        raise SettingError(
            f"compare.baseline={text}: {len(found) or 'no'} cells have it; must be one of the sweep"
        )
    return found[0]
