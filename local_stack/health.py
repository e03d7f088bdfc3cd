"""Health check of a container: `python -m local_stack.health [tcp://127.0.0.1:8080 [/readyz]]`, exit code 0 or 1."""

from __future__ import annotations

import os
import sys

from local_stack.addresses import fetch

DEFAULT_ADDRESS = "tcp://127.0.0.1:8080"


def main(words: list[str]) -> int:
    """Ask once; 0 when the process says it is ready."""
    address = words[0] if words else os.environ.get("HEALTH_ADDRESS", DEFAULT_ADDRESS)
    status, _body = fetch(address, words[1] if len(words) > 1 else "/readyz")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
