"""Run `python -m sweep.report`, which is the command `sweep report`."""

from sweep.cli import main

if __name__ == "__main__":
    main("report")
