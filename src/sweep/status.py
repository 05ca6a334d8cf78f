"""Run `python -m sweep.status`, which is the command `sweep status`."""

from sweep.cli import main

if __name__ == "__main__":
    main("status")
