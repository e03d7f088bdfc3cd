"""Filters on the dimensions, for every list and metric alike (pure): values of one are alternatives, all must hold."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Wanted values by dimension; an empty tuple wants all. The empty text wants records without that dimension."""

    channel: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    touchpoint: tuple[str, ...] = ()
    language: tuple[str, ...] = ()

    def any(self) -> bool:
        """Whether anything is filtered at all."""
        return any(getattr(self, field.name) for field in fields(self))


def conditions(dimensions: Dimensions, alias: str, arguments: list[object]) -> str:
    """SQL conditions on the facets table `alias`, each led by AND; the values are appended to `arguments`."""
    parts = []
    for field in fields(dimensions):
        wanted = getattr(dimensions, field.name)
        if wanted:
            arguments.append(list(wanted))
            parts.append(f"AND {alias}.{field.name} = ANY (${len(arguments)}::text[])")
    return " ".join(parts)
