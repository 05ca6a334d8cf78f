"""Statistics that tell which differences of a sweep are real: tables in, tables out.

    trials       rows of a table of trials: selected, grouped and averaged
    contrast     a weighted sum of cells' means over seeds, with its error: a difference, a main effect
    judge        from contrasts to verdicts, corrected for the family of tests; power and seeds still needed
    compare      all cells against one of them, the table of `sweep.compare`
    crossed      the two sources of luck in a difference, seeds and test examples
    digits       the classes and the single test examples in which two cells differ
    effects      main effects and interactions of a sweep's axes
    sequential   verdicts of a sweep that looks at its comparisons again and again
    single_runs  how often a new run of one cell beats a new run of another
    variance     the spread over seeds by source: initialisation, order, split

docs/statistics.md explains each method and shows the simulations that tested it.
"""
