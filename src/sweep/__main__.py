"""Run `python -m sweep`, which is the command `sweep`."""

from sweep.cli import main

if __name__ == "__main__":
    main()
