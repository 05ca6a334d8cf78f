"""Hydra plugins: the folders of experiments, a sweeper that checks first, and one shared pool."""
