"""How sure a gate has to be before it fails or passes a build, over all its checks, functions and looks."""

from dataclasses import dataclass

from powertune.gate.model import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How often a gate may err, each time in one direction.

    `gate` is the share of gates that fail although no metric of their function is worse than its rule allows, `suite`
    that of whole suites; `passing` is the share that a check passes although its metric is worse than the rule
    allows.
    """

    gate: float = 0.01
    suite: float = 0.05
    passing: float = 0.05


DEFAULT_ERRORS = Errors()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """The error of each end of an interval: that the truth is below the lower end, or above the upper one."""

    low: float
    high: float


def tails(errors: Errors, look: Look, *, functions: int, checks: int) -> Tails:
    """The errors that one check may make at one look.

    Failing: a function has the share `gate` of errors, or its part of those of the suite if that is less, and its
    checks share that equally (Bonferroni), as the first that fails fails the build. Passing needs no such correction:
    a build passes only if every check does, so that it passes wrongly no more often than the one check that should
    have failed does (an intersection-union test: Berger, "Multiparameter hypothesis testing and acceptance sampling",
    Technometrics 24, 1982).

    Looks: environments double from look to look, and each look spends the part of the error that the plan adds in
    information, 1/8, 1/8, 1/4 and 1/2 of it for four looks. That is the spending function alpha * t (the power family
    with exponent 1: Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983; Jennison
    & Turnbull, Group Sequential Methods with Applications to Clinical Trials, 2000, section 7.2), with what is spent
    taken as the nominal level of that look. The looks then err together at most as often as all they spend (Boole),
    however they depend on each other, how many environments each has in the end, and with Student's t in the place of
    the normal distribution, for which the recursive boundaries hold only approximately.

    Args:
        functions: how many functions the suite has.
        checks: how many checks of the function rest on samples.
    """
    function = min(errors.gate, errors.suite / max(1, functions))
    part = spent_at(look)
    return Tails(low=part * function / max(1, checks), high=part * errors.passing)


def spent_at(look: Look) -> float:
    """The part of an error rate that a look spends; all looks together spend 1."""
    return 2.0 ** -(look.of - 1) if look.number == 1 else 2.0 ** -(look.of - look.number + 1)
