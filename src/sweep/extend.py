"""Everything that a module needs to add choices of its own; docs/extending.md has an example of each kind.

    from sweep.extend import Activation, register

    register("activation", "mine", Activation(apply, backward))

Subclass `Optimizer`, `Regularizer`, `Schedule`, `Loss` or `Initializer`, and declare their settings with
`setting`. Make an `Activation`, an `Output` or a `DataSet` of functions. All other modules of the package are
private and may change.
"""

from sweep import register
from sweep.core.setting import setting
from sweep.data.settings import DataSet
from sweep.nn import Array
from sweep.nn.activations import Activation
from sweep.nn.initializers import Initializer
from sweep.nn.losses import Loss
from sweep.nn.optimizers import Optimizer
from sweep.nn.outputs import Output
from sweep.nn.regularizers import Regularizer
from sweep.nn.schedules import Schedule

__all__ = [
    "Activation",
    "Array",
    "DataSet",
    "Initializer",
    "Loss",
    "Optimizer",
    "Output",
    "Regularizer",
    "Schedule",
    "register",
    "setting",
]
