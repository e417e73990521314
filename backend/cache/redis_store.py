"""Redis as a store of bytes that may be away, slow, full or wrong at any moment.

Every call is bounded in time and may raise nothing but `StoreError`. It blocks: callers are threads
and worker processes, never an event loop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from backend.cache.breaker import Breaker

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

TIMEOUT_SECONDS = 0.25
"""For a connection, and for an answer; a hit takes 0.1 ms."""

MAX_BYTES = 2**20
"""Of a value. Larger ones are not written, and nothing larger is read."""

CONNECTIONS = 32
_LONGEST_REASON = 200
_PROBE = "nautobs:probe"

logger = logging.getLogger(__name__)


class StoreError(Exception):
    """Redis did not do what it was asked. `answered`: it is there, and refused."""

    def __init__(self, reason: str, *, answered: bool = False) -> None:
        super().__init__(reason)
        self.answered = answered


class RedisStore:
    """The server at `url`; connects at its first use. Thread-safe."""

    def __init__(
        self,
        url: str,
        *,
        breaker: Breaker | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.address = without_password(url)
        self.breaker = breaker or Breaker()
        self._url, self._timeout = url, timeout_seconds
        self._secrets = _passwords(url)
        self._mutex = threading.Lock()
        self._connected: Redis | None = None

    def get(self, key: str) -> bytes | None:
        """The value, cut off at one byte more than MAX_BYTES; None when there is none."""
        value: Any = self._guarded(lambda redis: redis.getrange(key, 0, MAX_BYTES))
        return value or None

    def get_with_ttl(self, key: str) -> tuple[bytes | None, float]:
        """As `get`, and the seconds that the value has left; 0 when it has none."""

        def ask(redis: Redis) -> tuple[bytes | None, float]:
            with redis.pipeline(transaction=False) as pipe:
                pipe.getrange(key, 0, MAX_BYTES)
                pipe.pttl(key)
                value, left = pipe.execute()
            return value or None, max(0, left) / 1000

        return self._guarded(ask)

    def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        """Keep a value for so long."""
        milliseconds = max(1, round(ttl_seconds * 1000))
        self._guarded(lambda redis: redis.set(key, value, px=milliseconds))

    def clear(self, prefix: str) -> None:
        """Delete all keys that begin so; walks over the whole database, in steps."""

        def sweep(redis: Redis) -> None:
            cursor = 0
            while True:
                cursor, keys = redis.scan(cursor, match=f"{prefix}*", count=1000)
                if keys:
                    redis.unlink(*keys)
                if not cursor:
                    return

        self._guarded(sweep)

    def trouble(self) -> str:
        """Why entries cannot be kept there now; empty when they can. Asks past the breaker."""
        try:
            # A write also finds a server that is full, or a replica.
            self._call(lambda redis: redis.set(_PROBE, b"", px=1000))
        except StoreError as error:
            return str(error)
        return ""

    def close(self) -> None:
        with self._mutex:
            if self._connected is not None:
                self._connected.close()
                self._connected = None

    # ----------------------------------------------------------------------------------------------

    def _guarded(self, use: Callable[[Redis], T]) -> T:
        """Do it unless the breaker is open; an answer of any kind shows that Redis is there."""
        if _on_event_loop():
            raise StoreError("not asked on an event loop, which it might hold up")
        if not self.breaker.allows():
            raise StoreError("left alone after failures")
        try:
            answer = self._call(use)
        except StoreError as error:
            if error.answered:
                self._answered()
            elif self.breaker.failed():
                logger.warning("%s: %s; caches go on without it and try again", self.address, error)
            raise
        self._answered()
        return answer

    def _answered(self) -> None:
        if self.breaker.succeeded():
            logger.info("%s is back", self.address)

    def _call(self, use: Callable[[Redis], T]) -> T:
        try:
            return use(self._client())
        except Exception as error:  # whatever a server or its driver thinks of: never the caller's
            from redis.exceptions import ResponseError

            raise StoreError(self._said(error), answered=isinstance(error, ResponseError)) from None

    def _client(self) -> Redis:
        with self._mutex:
            if self._connected is None:
                self._connected = _connect(self._url, self._timeout)
            return self._connected

    def _said(self, error: Exception) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text[:_LONGEST_REASON]


@lru_cache(maxsize=4)
def shared_store(url: str | None) -> RedisStore | None:
    """The store that this process's caches share, so that they learn of an outage together.

    None without an address: caches then keep their entries in memory alone.
    """
    return RedisStore(url) if url else None


def without_password(url: str) -> str:
    """The address for logs and messages."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"


def _passwords(url: str) -> set[str]:
    """All that must not be said, as written and as meant."""
    parts = urlsplit(url)
    found = {unquote(parts.password or ""), *parse_qs(parts.query).get("password", [])} - {""}
    return {form for secret in found for form in (secret, quote(secret, safe=""))}


def _connect(url: str, timeout: float) -> Redis:
    # Half a second and some 20 MB, which only processes with a Redis pay.
    from redis import BlockingConnectionPool, Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {
        "max_connections": CONNECTIONS,
        "timeout": timeout,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),  # the breaker decides when to try again
        "protocol": 2,
    }
    return Redis(connection_pool=BlockingConnectionPool.from_url(url, **options))


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
