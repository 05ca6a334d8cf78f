"""The command `sweep` itself: Hydra's entry point, with errors in one line."""

import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sweep import __version__
from sweep.cli import print_error
from sweep.core.errors import ExecutionError, SweepError
from sweep.system import files


def run(_: DictConfig) -> float | None:
    """Run one of Hydra's jobs: one cell, or the grid of an experiment."""
    from sweep.config.compose import application_composer, expand, explicit_settings
    from sweep.config.unused import refuse_unused
    from sweep.session import console, objective, remove_hydra_output, run_sweep

    job = HydraConfig.get()
    output = Path(job.runtime.output_dir)
    try:
        # Not resolved: the value of name=${oc.env:X} must not become part of what was typed.
        overrides = OmegaConf.to_container(job.overrides.task, resolve=False)
        assert isinstance(overrides, list)
        composer = application_composer()
        configs = expand(overrides, composer)
        if job.mode is not RunMode.MULTIRUN:  # the sweeper has already checked all jobs of a multirun
            refuse_unused(configs)
        written = explicit_settings(overrides, composer.config(overrides).grid)
        summary = run_sweep(configs, output, console(), explicit=written)
    except SweepError as error:
        if not isinstance(error, ExecutionError):  # nothing has been trained
            remove_hydra_output(output)
        sys.exit(print_error(error))
    return objective(summary)


def _help_or_version(arguments: Sequence[str]) -> str | None:
    """Return what --help or --version prints; None if neither is given."""
    if {"-h", "--help"} & set(arguments):
        from sweep.cli.help import usage

        return usage(min(shutil.get_terminal_size().columns, 100))
    return f"sweep {__version__}" if "--version" in arguments else None


def sweep(arguments: Sequence[str]) -> int:
    """Run `sweep` on these arguments; an error of Hydra or OmegaConf is one line."""
    from sweep.config.compose import CONFIG_NAME, register_schema
    from sweep.config.messages import explain, wrong_group
    from sweep.config.untrusted import check_overrides

    if answer := _help_or_version(arguments):
        from sweep.session import console

        console().out(answer)
        return 0
    register_schema()
    check_overrides(arguments)
    # argparse accepts overrides before or after an option, but not on both sides: options are moved to the
    # front.
    sys.argv[1:] = sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))
    own_errors = os.environ.get("HYDRA_FULL_ERROR") != "1"
    # Hydra prints several lines and exits with 1. With this it raises instead, and one line is printed below.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    command = hydra.main(str(files.folder("conf")), CONFIG_NAME, version_base="1.3")(run)
    try:
        command()
        return 0
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if not own_errors:
            raise
        return print_error(explain(error))
    except ValueError as error:
        wrong = wrong_group(arguments) if "Config group override" in str(error) else None
        if wrong is None:
            raise
        return print_error(wrong)
    except OSError as error:
        if not own_errors or isinstance(error, BrokenPipeError):
            raise
        return print_error(SweepError(f"{error.filename or _removed_output(error)}: {error.strerror}"))


def _removed_output(error: OSError) -> Path | None:
    """Remove the files that Hydra wrote before this error, and return their folder; None if it wrote none.

    On a full disk the error names no file, and Hydra's own record of the folder is cleared before the error
    reaches us. So the folder is read from the frames that the error passed through.
    """
    from sweep.session import remove_hydra_output

    for frame, _ in traceback.walk_tb(error.__traceback__):
        for name in ("output_dir", "sweep_dir"):  # in Hydra's run_job and in its BasicSweeper
            if name in frame.f_locals:
                folder = Path(frame.f_locals[name])
                remove_hydra_output(folder)
                return folder
    return None
