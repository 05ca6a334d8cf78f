"""Simulations of how often the package's statistics are right: `python -m benchmarks.statistics`.

cases        a row of the table, and the simulated seeds
contrasts    type I error and coverage of differences and of means, over seeds
digits       the same for new test digits
families     a false verdict anywhere in a sweep of equal cells
verdicts     power against the plan, equivalence, false alarms and seeds of `decide`
single_runs  coverage of the chance that a new run of one cell beats a new run of another
real         halves of real seeds and halves of the real digits
report       the committed table, its page and (figure) its figure
"""
