"""Versions of a resource on the wire: `ETag: "3"`, and `If-Match: "3"` guards a change (RFC 9110 13.1.1)."""

from shared.contracts.problems import Code, FieldProblem, Problem


def etag(version: int) -> str:
    """The entity tag of a row version."""
    return f'"{version}"'


def check_if_match(if_match: str | None, version: int) -> None:
    """Refuse a change made from an older version; without the header nobody asked for the guard.

    Raises Problem(VERSION_MISMATCH). Weak tags are accepted: proxies weaken them when they compress.
    """
    if if_match is None or if_match.strip() == "*":
        return
    given = {one.strip().removeprefix("W/") for one in if_match.split(",")}
    if etag(version) not in given:
        raise Problem(
            Code.VERSION_MISMATCH,
            "It was changed since you read it. Read it again and repeat your change.",
            [FieldProblem("If-Match", "version_mismatch", "not the current version")],
            {"etag": etag(version)},
        )
