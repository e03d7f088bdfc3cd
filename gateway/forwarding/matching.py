"""Which route a request means: exact on the raw path, so that what was authorised is what is forwarded.

No decoding, no normalising: a path with an escape, an empty segment or a dot segment matches nothing. A `{name}`
takes one segment of letters, digits, `_`, `-` and `.` (not only dots), 1 to 128 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gateway.forwarding.table import Route

_SEGMENT = re.compile(r"(?!\.+$)[A-Za-z0-9_.\-]{1,128}\Z")


class Matcher:
    """Routes by raw path. Static paths cost one dictionary look-up, templates one more per literal shape."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._static: dict[bytes, dict[str, Route]] = {}
        self._templates: dict[int, list[tuple[tuple[str | None, ...], dict[str, Route]]]] = {}
        for route in routes:
            if "{" not in route.path:
                self._static.setdefault(route.path.encode("ascii"), {})[route.method] = route
                continue
            shape = tuple(None if part.startswith("{") else part for part in route.path.split("/"))
            candidates = self._templates.setdefault(len(shape), [])
            for known, methods in candidates:
                if known == shape:
                    methods[route.method] = route
                    break
            else:
                candidates.append((shape, {route.method: route}))
        for candidates in self._templates.values():
            # More literal parts first: /v1/rules/dry-run is not a rule with the id "dry-run".
            candidates.sort(key=lambda candidate: sum(part is None for part in candidate[0]))

    def methods(self, raw_path: bytes) -> Mapping[str, Route] | None:
        """The routes at `raw_path` by method; None when there is no such path. Static paths win over templates."""
        found = self._static.get(raw_path)
        if found is not None:
            return found
        try:
            parts = raw_path.decode("ascii").split("/")
        except UnicodeDecodeError:
            return None
        for shape, methods in self._templates.get(len(parts), ()):
            if all(
                part == literal if literal is not None else _SEGMENT.match(part) is not None
                for literal, part in zip(shape, parts, strict=True)
            ):
                return methods
        return None
