"""Benchmarks of the package's speed, and of how often its statistics are right: `benchmarks.statistics`.

cells       the networks that are timed, as settings of `sweep`, and the choice of some of them
measuring   the interface of an engine; data, order of the images and evaluation, which all engines share
engines     the engines that can run here: ours, pytorch, scikit_learn, jax_vmap
timing      the engines in turn on every cell
report      the files of reports/benchmarks/, its page and its figures
product     whole commands
loading     tables of many stored trials
installing  the cost of Numba to somebody who installs the package: python -m benchmarks.installing
against     two checkouts in turn, each in a process of its own (checkout, worker)
"""
