"""Which differences are real: statistics that judge what a sweep has measured.

    contrast     a weighted sum of cells' means over seeds, with its error: a difference, a main effect
    families     corrections for several tests at once
    verdict      better, worse, equivalent or undecided
    planning     how many more seeds would decide
    two_way      the two sources of luck, seeds and test examples, in one difference
    new_examples what the difference would be on other test examples
    selection    the best cell, chosen on validation, and the luck in such a choice
    comparison   all cells against one of them: a tidy table
    effects      main effects and interactions of a sweep's axes
    variance     where the spread over seeds comes from: initialisation, order, split

docs/statistics.md says why each was chosen, and shows the simulations that it was tested by.
"""
