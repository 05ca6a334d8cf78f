"""How fast the package is, and how often its statistics are right: `benchmarks.statistics`.

cells       what is timed, as settings of `sweep`
selection   which of them a run is for
measuring   what an engine is to the comparison: data, order of the images, evaluation
engines     those that can run here: ours, pytorch, scikit_learn, jax_vmap
timing      the engines in turn on every cell
report      the files of reports/benchmarks/, its page and (figure) its figures
product     whole commands
installing  what Numba costs and brings who installs the package: python -m benchmarks.installing
against     two checkouts in turn, each in a process of its own (checkout, worker)
"""
