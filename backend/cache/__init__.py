"""Caches: entries in this process, in front of a Redis that several processes may share."""

from backend.cache.codec import Codec, key_text
from backend.cache.layered import Cache
from backend.cache.redis_store import RedisStore, shared_store

__all__ = ["Cache", "Codec", "RedisStore", "key_text", "shared_store"]
