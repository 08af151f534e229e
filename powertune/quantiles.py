"""Quantiles of the normal and of Student's t distribution, without a dependency on SciPy."""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def student_t(probability: float, freedom: float) -> float:
    """The quantile of Student's t with `freedom` >= 1 degrees of freedom, for a probability above 0.5.

    The degrees need not be whole. Closed forms for 1 and 2; between them that of 1, which is conservative. Above 2,
    Hill, "Algorithm 396: Student's t-Quantiles", Communications of the ACM 13 (1970), is accurate to three digits far
    into the tails. The variable names are Hill's.
    """
    if freedom < 2:
        return math.tan(math.pi * (probability - 0.5))
    if freedom == 2:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    n, both_tails = freedom, 2 * (1 - probability)
    a = 1 / (n - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * n
    y = (d * both_tails) ** (2 / n)
    if y <= 0.05 + a:
        y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (
            n + 2
        ) + 1 / y
        return math.sqrt(n * y)
    x = NORMAL.inv_cdf(both_tails / 2)
    y = x**2
    if n < 5:
        c += 0.3 * (n - 4.5) * (x + 0.6)
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    return math.sqrt(n * math.expm1(a * y**2))
