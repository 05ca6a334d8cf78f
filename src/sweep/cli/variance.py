"""`sweep variance [setting=value ...]`: where the spread over seeds comes from."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cli.parser import CommandParser
from sweep.core.errors import SettingError

if TYPE_CHECKING:
    from sweep.config.schema import Config

DESCRIPTION = """\
Trains networks with initialisation, order of the mini-batches and split of the
data varied alone and together, and says how much of the spread over seeds each
of them makes. What is stored is not trained again."""

EXAMPLES = """\
examples:
  sweep variance hidden=128 seeds=30
  sweep variance hidden=16,128 data.train_size=5000
  sweep variance vary=[init],[order],[init,order]
  sweep variance experiment=tutorial/losses dry_run=true

writes variance.csv, .md, .tex, figures/variance.png to outputs/<date>/<time>/"""


def variance(arguments: Sequence[str]) -> int:
    """Run `sweep variance`."""
    parser = CommandParser("variance", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="setting=value",
        help="as for python -m sweep; several values as in hidden=16,128; seeds=30 where none are given;"
        " vary=... or an experiment with vary in its grid replaces the four cells",
    )
    parser.add_argument(
        "-m", "--multirun", action="store_true", help="not needed: several values work without"
    )
    run(parser.parse_intermixed_args(arguments).settings)
    return 0


def run(arguments: Sequence[str]) -> None:
    """Train what is missing, and print and write the table of sources. Raises SweepError for a mistake."""
    from sweep.config import variance_cells
    from sweep.session import console, run_sweep

    configs, written, output = _composed(arguments)
    _check_nothing_is_compared(configs[0])
    blocks, screen = variance_cells.blocks(configs), console()
    for line in _left_out(configs):
        screen.print(line, soft_wrap=True)
    run_sweep(configs, output, screen, explicit=written, variance=blocks)


def _composed(arguments: Sequence[str]) -> "tuple[list[Config], list[str], Path]":
    """The cells, the keys of settings in the order written, and the folder for the tables and figures."""
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
    """Refuse settings of how cells are compared: this command compares sources of luck, not cells."""
    from operator import attrgetter

    from sweep.config.schema import Config
    from sweep.core.formats import typed_value

    if (margin := config.decide) is not None:
        raise SettingError(f"decide={margin:g}: shares need the seeds that are asked for; must be left out")
    for key in ("compare.baseline", "compare.margin", "compare.level", "compare.metric"):
        value = attrgetter(key)(config)
        if value != attrgetter(key)(Config()):
            raise SettingError(
                f"{key}={typed_value(value, quoted=True)}: no cell is compared with another; must be left out"
            )


def _left_out(configs: "Sequence[Config]") -> list[str]:
    """The reasons why the split is left out as a source, one line for each."""
    from sweep.config.variance_cells import unsplit

    reasons = [unsplit(config.data) for config in configs if "split" not in config.vary]
    return list(dict.fromkeys(f"split left out: {reason}" for reason in reasons if reason))
