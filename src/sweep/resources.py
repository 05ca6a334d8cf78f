"""Folders of files that come with the package; the working folder may have more of such files."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The package's folder conf, sweeps or reports: in an installed wheel, or at the root of a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name


def folders(name: str) -> tuple[Path, Path]:
    """The folder of this name in the working folder, which may not exist, and that of the package."""
    return Path(name), folder(name)
