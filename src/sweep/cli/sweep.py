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
from sweep.cli import COMMANDS, print_error
from sweep.core.errors import ExecutionError, SettingError, SweepError, nearest, shortened
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
        sys.exit(print_error(error))  # Hydra would print a line of its own about any other exception
    return objective(summary)


def sweep(arguments: Sequence[str]) -> int:
    """Run `sweep` on these arguments; an error of Hydra or OmegaConf becomes one of ours, in one line."""
    from sweep.config.compose import CONFIG_NAME, register_schema
    from sweep.config.messages import explain, wrong_group
    from sweep.config.untrusted import check_overrides

    if _answered(arguments):
        return 0
    _check_first_word(arguments)
    register_schema()
    check_overrides(arguments)
    # argparse accepts overrides before or after an option, but not on both sides: options are moved to the
    # front.
    sys.argv[1:] = sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))
    one_line = os.environ.get("HYDRA_FULL_ERROR") != "1"
    # Hydra prints several lines and exits with 1. With this it raises instead, and one line is printed.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    command = hydra.main(str(files.package_folder("conf")), CONFIG_NAME, version_base="1.3")(run)
    try:
        command()
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if not one_line:
            raise
        raise explain(error) from error
    except ValueError as error:
        wrong = wrong_group(arguments) if "Config group override" in str(error) else None
        if wrong is None:
            raise
        raise wrong from error
    except OSError as error:
        if not one_line or isinstance(error, BrokenPipeError):
            raise
        raise SweepError(f"{error.filename or _removed_output(error)}: {error.strerror}") from error
    return 0


def _answered(arguments: Sequence[str]) -> bool:
    """Answer --help and --version; return False if neither is asked for."""
    from sweep.session import console

    if {"-h", "--help"} & set(arguments):
        from sweep.cli.help import usage

        console().out(usage(min(shutil.get_terminal_size().columns, 100)))
        return True
    if "--version" in arguments:
        console().out(f"sweep {__version__}")
        return True
    return False


def _check_first_word(arguments: Sequence[str]) -> None:
    """Raise SettingError if the first argument is neither a command nor a flag nor key=value."""
    word = arguments[0] if arguments else ""
    if not word or "=" in word or word.startswith(("-", "~")):
        return
    raise SettingError(
        f"{shortened(word)}: must be setting=value or one of the commands {', '.join(COMMANDS)}"
        f"{nearest(word, COMMANDS)}"
    )


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
