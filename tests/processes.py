"""The package's commands as real processes."""

import os
import subprocess
import sys
from pathlib import Path

Done = subprocess.CompletedProcess[str]


def python(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> Done:
    """`python <arguments>` in `folder`: a terminal of so many columns, and these environment variables."""
    environment = {**os.environ, "COLUMNS": str(columns), "MPLCONFIGDIR": str(folder / ".matplotlib")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
