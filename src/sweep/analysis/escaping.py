"""A user's text on the terminal, in Markdown and in LaTeX: each character is shown as itself."""

import re

from sweep.errors import visible

_LATEX = str.maketrans(
    {**{character: f"\\{character}" for character in "&%$#_{}"}, "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "–": "--", "²": r"$^2$", "ε": r"$\varepsilon$"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r'{\string"}'}
    | {"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "\0": "{}"}
)
# Characters with a meaning in Markdown. An underscore inside a word has none, nor has a bracket by itself.
# At the beginning of a line, a heading, an item of a list, or a rule.
_BLOCK = re.compile(r"^(\d*)([-+#=.)])(?=[-+#= ]|$)")
_MARKDOWN = re.compile(r"[\\`*<>&|~$]|(?<![^\W_])_|_(?![^\W_])|\](?=[\[(:])|:(?=[\w+-]+:)|!(?=\[)|#(?=#*$)")


def markdown(text: str) -> str:
    """The text as it must be written in a row of a Markdown table, or as a paragraph or an item of a list."""
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0], visible(text))
    return _BLOCK.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def prose(text: str) -> str:
    """Sentences of somebody else, over several lines or not, as a paragraph of a Markdown page."""
    return markdown(" ".join(text.split()))


def latex(text: str) -> str:
    """The text as it must be written in LaTeX, outside mathematics."""
    # LaTeX sets two hyphens as a dash; the empty braces that \0 becomes keep them apart.
    return re.sub(r"(?<=-)-", "\0-", visible(text)).translate(_LATEX)
