"""Where files lie that travel with the package, and that a user may have more of in the working folder."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """conf, sweeps or reports: inside an installed wheel, else at the root of the checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name


def folders(name: str) -> tuple[Path, Path]:
    """The folder of this name in the working folder, which may not exist, then that of the package."""
    return Path(name), folder(name)
