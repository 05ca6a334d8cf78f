"""Activation functions of the hidden layers. Add a new one as one entry in `ACTIVATIONS`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from sweep.core.setting import Registry
from sweep.nn import Array


@dataclass(frozen=True)
class Activation:
    """An activation f and its derivative, both in place, on arrays of one shape.

    `apply(z)` replaces z by f(z). `backward(delta, values)` multiplies delta by f'(z). `values` is f(z), or z
    itself if the derivative `needs_input`. An engine need not store z if f(z) is enough.
    """

    apply: Callable[[Array], None]
    backward: Callable[[Array, Array], None]
    needs_input: bool = False


def _relu(z: Array) -> None:
    # With a row of zeros instead of the number 0, NumPy uses its vectorised loop: four times as fast.
    np.maximum(z, np.zeros(z.shape[-1], z.dtype), out=z)


def _relu_backward(delta: Array, output: Array) -> None:
    # The derivative at 0 is taken as 0.
    np.multiply(delta, output > 0, out=delta)


def _sigmoid(z: Array) -> None:
    # 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which cannot overflow.
    np.multiply(z, 0.5, out=z)
    np.tanh(z, out=z)
    np.multiply(z, 0.5, out=z)
    np.add(z, 0.5, out=z)


def _sigmoid_backward(delta: Array, output: Array) -> None:
    np.multiply(delta, output * (1 - output), out=delta)


def _tanh(z: Array) -> None:
    np.tanh(z, out=z)


def _tanh_backward(delta: Array, output: Array) -> None:
    np.multiply(delta, 1 - output * output, out=delta)


def _identity(z: Array) -> None:
    pass


def _identity_backward(delta: Array, output: Array) -> None:
    pass


LEAK = 0.01  # slope of leaky_relu below zero (Maas et al. 2013)


def _leaky_relu(z: Array) -> None:
    np.maximum(z, LEAK * z, out=z)


def _leaky_relu_backward(delta: Array, output: Array) -> None:
    np.multiply(delta, LEAK, out=delta, where=output <= 0)


def _elu(z: Array) -> None:
    """Apply f(z) = z, and exp(z) - 1 below zero (Clevert et al. 2016, eq. 15, with alpha = 1)."""
    np.expm1(z, out=z, where=z < 0)


def _elu_backward(delta: Array, output: Array) -> None:
    # Below zero the derivative is exp(z) = f(z) + 1.
    np.multiply(delta, output + 1, out=delta, where=output < 0)


def _softplus(z: Array) -> None:
    """Apply f(z) = log(1 + exp(z)) (Dugas et al. 2001)."""
    # As max(z, 0) + log(1 + exp(-|z|)), which cannot overflow.
    np.add(np.maximum(z, 0), np.log1p(np.exp(-np.abs(z))), out=z)


def _softplus_backward(delta: Array, output: Array) -> None:
    # The derivative is the sigmoid of z: 1 - exp(-f(z)).
    np.multiply(delta, -np.expm1(-output), out=delta)


def _normal_cdf(z: Array) -> Array:
    """Return Phi(z), the distribution function of the standard normal distribution; any shape."""
    result: Array = 0.5 * special.erfc(-np.sqrt(0.5).astype(z.dtype) * z)
    return result


def _gelu(z: Array) -> None:
    """Apply f(z) = z Phi(z), Phi being the normal distribution function (Hendrycks and Gimpel 2016)."""
    np.multiply(z, _normal_cdf(z), out=z)


def _gelu_backward(delta: Array, z: Array) -> None:
    # f'(z) = Phi(z) + z phi(z), with the normal density phi.
    density = np.exp(-0.5 * z * z) * np.sqrt(0.5 / np.pi).astype(z.dtype)
    np.multiply(delta, _normal_cdf(z) + z * density, out=delta)


def _silu(z: Array) -> None:
    """Apply f(z) = z sigmoid(z) (Elfwing et al. 2018, eq. 5)."""
    sigmoid = z.copy(order="K")
    _sigmoid(sigmoid)
    np.multiply(z, sigmoid, out=z)


def _silu_backward(delta: Array, z: Array) -> None:
    # f'(z) = s (1 + z (1 - s)), with the sigmoid s.
    sigmoid = z.copy(order="K")
    _sigmoid(sigmoid)
    np.multiply(delta, sigmoid * (1 + z * (1 - sigmoid)), out=delta)


ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    {
        "relu": Activation(_relu, _relu_backward),
        "sigmoid": Activation(_sigmoid, _sigmoid_backward),
        "tanh": Activation(_tanh, _tanh_backward),
        "identity": Activation(_identity, _identity_backward),
        "leaky_relu": Activation(_leaky_relu, _leaky_relu_backward),
        "elu": Activation(_elu, _elu_backward),
        "softplus": Activation(_softplus, _softplus_backward),
        "gelu": Activation(_gelu, _gelu_backward, needs_input=True),
        "silu": Activation(_silu, _silu_backward, needs_input=True),
    },
)
