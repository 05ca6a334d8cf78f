"""How often the package's statistics are right, by simulation: `python -m benchmarks.statistics`.

cases       a row of the table, and the simulated seeds
contrasts   type I error and coverage of differences and of means, over seeds
digits      the same for new test digits
families    a false verdict anywhere in a sweep of equal cells
verdicts    power against the plan, and what is called equivalent
looks       false alarms and seeds of `decide`
single_runs coverage of how often a new run of one cell beats one of another
real        halves of real seeds and halves of the real digits
report      the committed table, its page and its figure
"""
