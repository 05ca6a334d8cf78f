"""Trainers of the same network by name: ours, and the peers that are installed. One thread each."""

from importlib.util import find_spec

from benchmarks import ours
from benchmarks.measuring import Engine


def installed(peers: bool = True) -> dict[str, Engine]:
    """The engines that can run here, ours first."""
    engines: dict[str, Engine] = {
        "sweep": ours.shared,
        "sweep, own order": ours.own,
        "sweep, NumPy": ours.shared_numpy,
    }
    if peers and find_spec("torch"):
        from benchmarks import pytorch

        engines |= {"PyTorch eager": pytorch.eager, "PyTorch compiled": pytorch.compiled}
    if peers and find_spec("sklearn"):
        from benchmarks import scikit_learn

        engines["scikit-learn"] = scikit_learn.partial_fit
    if peers and find_spec("jax"):
        from benchmarks import jax_vmap

        engines["JAX vmap"] = jax_vmap.vmap
    return engines
