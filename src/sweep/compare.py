"""Run `python -m sweep.compare`, which is the command `sweep compare`."""

from sweep.cli import main

if __name__ == "__main__":
    main("compare")
elif __name__ == "sweep.compare":
    raise ImportError("sweep.compare is a function: write `import sweep`, then sweep.compare(...)")
