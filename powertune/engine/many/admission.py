"""Which of several functions may begin now: what they share with those that are under way. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from powertune.exploring import extremes
from powertune.model import FunctionRef
from powertune.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDemand:
    """What a run takes of what others take from as well.

    `function` is its ARN without a qualifier: the journal on it is a lock. `pool` is the account and region whose
    unreserved concurrency it uses, up to `concurrency` at a time, and `room` what all runs together may take of that;
    None where the run does not know, or takes none. `alone`: nothing may be measured at the same time. In the
    region's currency, `need` is what it takes to begin: an invocation of some size, and what the run usually takes;
    `comfort` is what it takes to invoke every size, and `cap` the most that it may spend.
    """

    function: str
    pool: str | None
    concurrency: int
    room: int | None
    alone: bool
    need: float
    comfort: float
    cap: float


def demand_of(plan: Plan) -> FunctionDemand:
    """What the run of a plan takes."""
    ref = FunctionRef.parse(plan.function.arn)
    costs = [plan.worst_cost(each) + plan.publish_cost(each) for each in extremes(plan.design)]
    need = max(min(costs), min(plan.estimate.typical_usd or 0.0, plan.max_spend))
    own = plan.share.reserved and not plan.copies
    return FunctionDemand(
        function=ref.unqualified,
        pool=None if own else f"{ref.account_id} {plan.function.region}",
        concurrency=plan.design.concurrency,
        room=None if plan.share.reserved else plan.share.room,
        # The functions of the embedded AWS compete for the cores of this machine: side by side, each would measure
        # how busy the other one keeps it. On AWS, every environment has a share of its own.
        alone=plan.function.platform is not None,
        need=need,
        comfort=max(need, min(max(costs), plan.max_spend)),
        cap=plan.max_spend,
    )


class FunctionAdmission:
    """Who is under way, and so who may begin. For one thread at a time.

    Args:
        demands: those of all functions, in their order.
        most: how many may be under way at the same time.
    """

    def __init__(self, demands: Sequence[FunctionDemand], *, most: int) -> None:
        self._demands = demands
        self._most = most
        self._under_way: set[int] = set()
        self._rooms = _rooms(demands)

    @property
    def free(self) -> int:
        """How many more may be under way."""
        return self._most - len(self._under_way)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def admits(self, number: int) -> bool:
        """Whether a function may begin beside those that are under way."""
        mine = self._demands[number]
        others = [self._demands[each] for each in self._under_way]
        if not others:
            return True
        if self.free < 1 or mine.alone or any(each.alone or each.function == mine.function for each in others):
            return False
        beside = sum(each.concurrency for each in others if each.pool == mine.pool)
        return mine.pool is None or not beside or beside + mine.concurrency <= self._rooms.get(mine.pool, 0)

    def begin(self, number: int) -> None:
        """A function has begun."""
        self._under_way.add(number)

    def end(self, number: int) -> None:
        """It has ended."""
        self._under_way.remove(number)


def _rooms(demands: Sequence[FunctionDemand]) -> Mapping[str, int]:
    """The room in each pool: the least that a run knows of. Production may have grown since the first one looked."""
    rooms: dict[str, int] = {}
    for each in demands:
        if each.pool is not None and each.room is not None:
            rooms[each.pool] = min(each.room, rooms.get(each.pool, each.room))
    return rooms
