"""The manifest of a report: SHA-256 of what it was made from and of what cannot be made again.

Figures are not the same bytes with every version of the packages that draw them; so what was written is
kept as a digest, beside those of the records, measurements and paper.yaml.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from sweep import files, regular_files
from sweep.errors import PaperError

FILE = "manifest.json"
MOST = 2**28  # bytes of a file whose digest is kept


def digest(file: Path) -> str:
    """SHA-256 of a file's content, of a text with \\n at the ends of its lines on every system."""
    content = regular_files.read(file, MOST)
    if file.suffix in (".yaml", ".csv", ".md", ".svg"):
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()


def write(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], paper: Path | None
) -> None:
    """Write the digests of the paper.yaml, if any, and of the files `names` in `folder`; and the cells."""
    digests = {name: digest(folder / name) for name in sorted(names)}
    content = {
        "paper.yaml": digest(paper) if paper else None,
        "files": digests,
        "experiments": dict(experiments),
    }
    files.write(folder / FILE, json.dumps(content, indent=1) + "\n")


def differences(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], paper: Path | None
) -> Iterator[str]:
    """Which files are not those that the report was written with: one line each."""
    file = folder / FILE
    if not file.is_file():
        yield f"{file}: is missing"
        return
    try:
        content = json.loads(regular_files.read(file))
        known, cells, yaml = dict(content["files"]), content["experiments"], content["paper.yaml"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PaperError(f"{file}: not a manifest") from error
    if paper and yaml != digest(paper):
        yield f"{paper}: has changed since {file} was written"
    if cells != experiments:
        yield f"{file}: lists other cells than the records"
    for name in sorted({*names, *known}):
        if not (folder / name).is_file():
            yield f"{folder / name}: is missing"
        elif known.get(name) != digest(folder / name):
            yield f"{folder / name}: is not the file that {file} was written with"


def first_difference(found: str, expected: str) -> str:
    """In one line, the first line of a file's text that is not as expected."""
    lines = zip_longest(found.splitlines(), expected.splitlines(), fillvalue="")
    number, line = next(
        ((number, line) for number, (line, own) in enumerate(lines, 1) if line != own),
        (len(found.splitlines()), "the ends of lines"),
    )
    return f"line {number} does not follow from the records: {line.strip()}"
