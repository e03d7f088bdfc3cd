"""Does what examples/curl.sh asks of curl, for machines without it: options it does not know end the run."""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request


def main() -> int:
    """Send one request and print its answer; 22 where curl --fail-with-body would end with 22."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--show-error", action="store_true")
    parser.add_argument("--fail-with-body", action="store_true")
    parser.add_argument("-X", dest="method", required=True)
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    given = parser.parse_args()
    request = urllib.request.Request(
        given.url, method=given.method, data=given.body.encode() if given.body is not None else None
    )
    for line in given.headers:
        name, _, value = line.partition(": ")
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            sys.stdout.write(answer.read().decode())
    except urllib.error.HTTPError as refused:
        sys.stdout.write(refused.read().decode())
        return 22
    return 0


if __name__ == "__main__":
    sys.exit(main())
