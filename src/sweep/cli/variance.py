"""`sweep variance [setting=value ...]`: where the spread over seeds comes from."""

import argparse
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cli.help import CommandParser
from sweep.core.errors import SettingError

if TYPE_CHECKING:
    from sweep.config.schema import Config

DESCRIPTION = """\
Trains networks with initialisation, order of the mini-batches and split of the
data varied alone and together, and says how much of the spread over seeds comes
from each. What is stored is not trained again. Writes variance.csv, .md, .tex
and figures/variance.png to outputs/<date>/<time>/."""
EXAMPLES = """\
  sweep variance hidden=128 seeds=30
  sweep variance hidden=16,128 data.train_size=5000
  sweep variance vary=[init],[order],[init,order]
  sweep variance experiment=tutorial/losses dry_run=true"""


def variance_parser() -> CommandParser:
    """Return the parser of `sweep variance`."""
    parser = CommandParser("variance", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="setting=value",
        help="as for sweep, several values as in hidden=16,128; 30 seeds unless seeds is given;"
        " vary=..., or an experiment with vary in its grid, replaces the four cells",
    )
    parser.add_argument(
        "-m", "--multirun", action="store_true", help="allowed, but several values need no -m"
    )
    return parser


def variance(options: argparse.Namespace) -> int:
    """Train what is missing, then print and write how much of the spread comes from each source."""
    from sweep.config import variance_cells
    from sweep.config.check import check
    from sweep.session import console, run_sweep

    configs, written, output = _composed(options.settings)
    for config in configs:
        check(config)
    _check_nothing_is_compared(configs[0])
    blocks, screen = variance_cells.blocks(configs), console()
    for line in _left_out(configs):
        screen.print(line, soft_wrap=True)
    run_sweep(configs, output, screen, explicit=written, variance=blocks)
    return 0


def _composed(arguments: Sequence[str]) -> "tuple[list[Config], list[str], Path]":
    """Return the cells, the keys of settings in the order written, and the folder for tables and figures."""
    from sweep.config import variance_cells
    from sweep.config.compose import (
        application_composer,
        explicit_settings,
        register_schema,
        sweep_application,
    )
    from sweep.config.unused import refuse_unused

    register_schema()
    with sweep_application():
        composer, jobs = application_composer(), variance_cells.jobs(arguments)
        configs = [config for job in jobs for config in variance_cells.cells(job, composer)]
        refuse_unused(configs)
        written = explicit_settings(jobs[0], composer.config(jobs[0]).grid)
        return configs, written, Path(composer(jobs[0]).hydra.run.dir)


def _check_nothing_is_compared(config: "Config") -> None:
    """Refuse settings of how cells are compared: this command compares sources of spread, not cells."""
    from sweep.config.schema import Config
    from sweep.core.formats import typed_value

    if (margin := config.decide) is not None:
        raise SettingError(f"decide={margin:g}: sweep variance needs a fixed number of seeds; leave it out")
    for key in ("compare.baseline", "compare.margin", "compare.level", "compare.metric"):
        value = attrgetter(key)(config)
        if value != attrgetter(key)(Config()):
            raise SettingError(
                f"{key}={typed_value(value, quoted=True)}: sweep variance compares no cells; leave it out"
            )


def _left_out(configs: "Sequence[Config]") -> list[str]:
    """Return the reasons why the split is left out as a source, one line for each."""
    from sweep.config.variance_cells import unsplit

    reasons = [unsplit(config.data) for config in configs if "split" not in config.vary]
    return list(dict.fromkeys(f"split left out: {reason}" for reason in reasons if reason))
