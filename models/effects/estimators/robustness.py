"""How strong a hidden confounder would have to be to take an effect to zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["robustness_value"]


def robustness_value(t_value: NDArray[np.float64], freedom: float, /) -> NDArray[np.float64]:
    """Robustness value: the share of residual variance, of lever and outcome alike, that would explain an effect away.

    Parameters
    ----------
    t_value : array
        Effects over their standard errors.
    freedom : float
        Degrees of freedom of the regression.

    Returns
    -------
    array
        0..1; near zero for fragile effects.

    Source
    ------
    Cinelli & Hazlett 2020, Making sense of sensitivity, equation 12 with q = 1.

    Examples
    --------
    >>> robustness_value(np.array([4.18]), 783.0).round(3)
    array([0.139])
    """
    strength = np.abs(t_value) / np.sqrt(max(freedom, 1.0))
    return 0.5 * (np.sqrt(strength**4 + 4 * strength**2) - strength**2)
