"""Run `python -m sweep.reproduce`, which is the command `sweep reproduce`."""

from sweep.cli import main

if __name__ == "__main__":
    main("reproduce")
