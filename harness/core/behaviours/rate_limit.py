"""A limit on how many requests a destination takes: a token bucket."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.behaviours.reasons import because
from harness.core.delivery import Reply, Respond
from harness.core.instants import SECOND, Duration, format_duration

RETRY_AFTER = "Retry-After"


class RateLimit(Struct, frozen=True, kw_only=True):
    """What `otherwise` decides, as long as there are tokens; `reply`, with a `Retry-After`, where there is none.

    `requests` tokens drip into the bucket `per` so long; it holds `burst` of them and is full at first. All counts are
    whole numbers, so that no token is lost in rounding.
    """

    requests: int
    per: Duration
    burst: int
    reply: Behaviour
    otherwise: Behaviour
    place: str

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """One or the other; what is turned away takes no token."""
        now, full = asked.arrival.received_at, self.burst * self.per
        level, at = memory.get(self.place, (full, now))
        level = min(full, level + max(0, now - at) * self.requests)
        taken = level >= self.per
        memory[self.place] = (level - self.per if taken else level, max(now, at))
        if taken:
            return self.otherwise.decide(asked, memory)
        return self._refused(self.reply.decide(asked, memory), -(-(self.per - level) // (self.requests * SECOND)))

    def _refused(self, reply: Reply, seconds: int) -> Reply:
        limited = because(reply, f"rate limit of {self.requests} per {format_duration(self.per)}")
        if not isinstance(limited, Respond) or any(name.lower() == RETRY_AFTER.lower() for name, _ in limited.headers):
            return limited
        return replace(limited, headers=(*limited.headers, (RETRY_AFTER, str(seconds))))
