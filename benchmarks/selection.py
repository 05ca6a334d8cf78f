"""Which cells a run is for, as its command line says."""

import argparse
from dataclasses import fields

from benchmarks.cells import Cell

CHOSEN = ("hidden", "batch", "activation", "optimizer", "loss")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--only for a part of a name; --hidden, --batch ... for values."""
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="TEXT", help="cells whose name contains all of these"
    )
    types = {field.name: field.type for field in fields(Cell)}
    for name in CHOSEN:
        kind = int if types[name] is int else str
        parser.add_argument(
            f"--{name}", nargs="+", type=kind, help=f"cells with one of these values of {name}"
        )


def selected(cell: Cell, arguments: argparse.Namespace) -> bool:
    """Whether the command line is for this cell."""
    named = all(text in str(cell) for text in arguments.only)
    return named and all(
        getattr(arguments, name) is None or getattr(cell, name) in getattr(arguments, name) for name in CHOSEN
    )
