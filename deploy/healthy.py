"""Health check of our own containers: `python -m deploy.healthy URL`; exit code 0 is healthy."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

TIMEOUT_SECONDS = 3.0


def main(url: str) -> int:
    """0 when `url` answers with a success within three seconds, else 1 and the reason."""
    try:
        # A proxy of the environment is for the world outside, not for the container itself.
        with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS):
            return 0
    except (URLError, OSError, ValueError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
