"""Rate limits as Discord applies them: a bucket per route and channel, and a total per second."""

import hashlib
import re
from dataclasses import dataclass

from bot.sandbox.clock import Clock
from bot.sandbox.config import RateLimits
from bot.sandbox.wire import Reply

MESSAGE_ROUTE = re.compile(r"/channels/(\d+)/messages(/\d+)?$")
WEBHOOK_ROUTE = re.compile(r"/webhooks/(\d+/[^/]+)")
REACTION_ROUTE = re.compile(r"/channels/(\d+)/messages/\d+/reactions/")
FREE = 1000


@dataclass
class Bucket:
    limit: int
    window_seconds: float
    opened_at: float = 0.0
    used: int = 0

    def take(self, now: float) -> float:
        """0 when there was room, else the seconds to wait."""
        if now - self.opened_at >= self.window_seconds:
            self.opened_at, self.used = now, 0
        if self.used >= self.limit:
            return self.opened_at + self.window_seconds - now
        self.used += 1
        return 0.0


@dataclass(frozen=True)
class Verdict:
    """The headers for the answer, and the 429 itself when there is no room."""

    headers: dict[str, str]
    refusal: Reply | None = None


class Limits:
    def __init__(self, rules: RateLimits | None, clock: Clock) -> None:
        self.rules = rules
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def check(self, method: str, path: str, owner: str) -> Verdict:
        if self.rules is None:
            return Verdict(_headers("free", Bucket(FREE, 1.0, self._clock.now()), self._clock.now()))
        if not path.startswith("/interactions/"):
            total = self._bucket(f"{owner} total", self.rules.per_second, 1.0)
            wait = total.take(self._clock.now())
            if wait:
                return Verdict({}, _refusal(wait, {}, is_global=True))
        name, limit, window = self._rule(method, path, self.rules)
        bucket = self._bucket(f"{owner} {name}", limit, window)
        wait = bucket.take(self._clock.now())
        headers = _headers(name, bucket, self._clock.now())
        return Verdict(headers, _refusal(wait, headers, is_global=False) if wait else None)

    def _rule(self, method: str, path: str, rules: RateLimits) -> tuple[str, int, float]:
        if found := WEBHOOK_ROUTE.search(path):
            return f"webhook {found[1]}", rules.messages, 2.0
        if (found := REACTION_ROUTE.search(path)) and method in ("PUT", "DELETE"):
            return f"reactions {found[1]}", 1, 0.25
        if (found := MESSAGE_ROUTE.search(path)) and method != "GET":
            return f"{method} messages {found[1]}", rules.messages, rules.window_seconds
        return f"{method} {re.sub(r'[0-9]+', '#', path)}", FREE, 1.0

    def _bucket(self, name: str, limit: int, window: float) -> Bucket:
        return self._buckets.setdefault(name, Bucket(limit, window))


def _headers(name: str, bucket: Bucket, now: float) -> dict[str, str]:
    reset_at = bucket.opened_at + bucket.window_seconds
    # The hash names the kind of bucket; clients add the channel or webhook themselves.
    kind = re.sub(r"\d+/?\S*", "", name)
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.limit - bucket.used),
        "X-RateLimit-Reset": f"{reset_at:.3f}",
        "X-RateLimit-Reset-After": f"{max(0.0, reset_at - now):.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(kind.encode()).hexdigest()[:16],
    }


def _refusal(wait: float, headers: dict[str, str], *, is_global: bool) -> Reply:
    body = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": is_global}
    extra = {"Retry-After": f"{wait:.3f}", "Via": "1.1 sandbox"}
    scope = {"X-RateLimit-Global": "true"} if is_global else {"X-RateLimit-Scope": "user"}
    return Reply(429, body, headers | extra | scope)
