"""One budget for several functions: what each may spend when it begins. Pure."""


class Purse:
    """Lends to those that begin, and takes back what they have not spent: all together never exceed the limit.

    A run promises what its invocations can cost at most before it makes them, which is far more than they usually
    cost. So a function that begins gets an equal part of what is left for those that may be measured at the same
    time, not of what is left for all.

    Args:
        limit: what all may spend, in the region's currency.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.spent = 0.0
        self._lent = 0.0

    @property
    def left(self) -> float:
        """What is neither spent nor lent."""
        return self.limit - self.spent - self._lent

    def lend(self, need: float, cap: float, among: int) -> float | None:
        """An amount to spend; None if what is left at this moment is less than is needed.

        Args:
            need: the least that is of any use.
            cap: the most that it may spend.
            among: how many, this one included, may still begin while it is under way.
        """
        if need > self.left:
            return None
        amount = min(cap, max(need, self.left / max(1, among)))
        self._lent += amount
        return amount

    def settle(self, lent: float, spent: float) -> None:
        """What was lent is over, and this much of it was spent."""
        self._lent -= lent
        self.spent += spent
