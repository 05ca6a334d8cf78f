"""Run `python -m sweep.variance`, which is the command `sweep variance`."""

from sweep.cli import main

if __name__ == "__main__":
    main("variance")
