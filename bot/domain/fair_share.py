"""Which waiting job goes next. Pure, so that a simulation can run it for any number of members."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot.domain.job import Job, UserId


def choose_next(
    waiting: Sequence[Job],
    running: Iterable[Job],
    last_served: Mapping[UserId, float],
    max_running_per_member: int,
) -> Job | None:
    """The oldest job of the member who was served least recently and still has room.

    `waiting` is ordered oldest first; `last_served` maps a member to the time (any increasing clock) at which a job
    of theirs last started: a member who is absent there goes first. A suspect job has the engine to itself: nobody goes
    next until it can start, nor while it runs.
    """
    under_way = tuple(running)
    if any(job.is_suspect for job in under_way):
        return None
    busy = Counter(job.user_id for job in under_way)
    first_of: dict[UserId, Job] = {}
    for job in waiting:
        if busy[job.user_id] < max_running_per_member:
            first_of.setdefault(job.user_id, job)
    chosen = min(
        first_of.values(),
        key=lambda job: (busy[job.user_id], last_served.get(job.user_id, float("-inf")), job.created_at),
        default=None,
    )
    return None if chosen and chosen.is_suspect and under_way else chosen
