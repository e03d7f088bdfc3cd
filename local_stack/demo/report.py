"""The report that the demo prints: what customers said, how sure that is, and what is to be done. Pure rendering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

WIDTH = 21
TOO_FEW = 5
NAMES = {
    "nps": "NPS",
    "csat": "CSAT (% satisfied)",
    "ces": "CES (mean)",
    "stars": "Stars (mean)",
    "rating": "Rating (mean)",
    "sentiment": "Sentiment (net)",
}
RANGES = {"nps": (-100.0, 100.0), "csat": (0.0, 100.0), "sentiment": (-100.0, 100.0)}


@dataclass(slots=True)
class Found:
    """What the demo asked the API for; each metric as the API answered it."""

    title: str
    volume: int
    customers: int
    by_channel: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Metric → one row per group (and scale)."""
    totals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    over_time: list[dict[str, Any]] = field(default_factory=list)
    over_time_metric: str = "nps"
    interval: str = "week"
    terms: list[dict[str, Any]] = field(default_factory=list)
    cases_open: int = 0
    cases: list[dict[str, Any]] = field(default_factory=list)
    webhooks: int = 0
    mails: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def bar(low: float, value: float, high: float, bounds: tuple[float, float]) -> Text:
    """An interval as a line with its value as a dot on `bounds`."""
    least, most = bounds

    def place(at: float) -> int:
        return max(0, min(WIDTH - 1, round((at - least) / (most - least) * (WIDTH - 1))))

    cells = ["·" if spot == place((least + most) / 2) else " " for spot in range(WIDTH)]
    for spot in range(place(low), place(high) + 1):
        cells[spot] = "─"
    cells[place(value)] = "●"
    line = Text("".join(cells), style="dim")
    line.stylize("bold cyan", place(low), place(high) + 1)
    return line


def _number(value: float | None, signed: bool) -> str:
    return "–" if value is None else f"{value:+.1f}" if signed else f"{value:.2f}"


def metric_table(metric: str, rows: Sequence[dict[str, Any]], first: str) -> Table:
    """One metric by group: value, interval, n."""
    table = Table(title=NAMES.get(metric, metric), title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column(first)
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("n", justify="right")
    table.add_column("")
    signed = metric in {"nps", "sentiment"}
    for row in rows:
        name = str(row.get("group") or "all")
        if row.get("scale"):
            name += f" ({row['scale']})"
        value, ci = row.get("value"), row.get("ci95")
        if value is None or not ci or ci[0] is None:
            table.add_row(name, _number(value, signed), "–", str(row["n"]), Text("too few to say", style="dim"))
            continue
        bounds = RANGES.get(metric) or _scale_bounds(row)
        table.add_row(
            name,
            Text(_number(value, signed), style="bold"),
            f"{_number(ci[0], signed)} … {_number(ci[1], signed)}",
            f"{row['n']:,}",
            bar(ci[0], value, ci[1], bounds) if row["n"] >= TOO_FEW else Text("too few to say", style="dim"),
        )
    return table


def _scale_bounds(row: dict[str, Any]) -> tuple[float, float]:
    scale = str(row.get("scale") or "1-5").replace("–", "-")
    try:
        low, high = scale.split("-")[:2]
        return float(low), float(high.split()[0])
    except ValueError:
        return 1.0, 5.0


def over_time(rows: Sequence[dict[str, Any]], metric: str, interval: str) -> Text:
    """One character a week (or month), tall is good; those with too few answers stay empty."""
    steps = "▁▂▃▄▅▆▇█"
    values = [row["value"] if row["n"] >= TOO_FEW else None for row in rows]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Text("")
    low, high = min(known), max(known)
    spread = (high - low) or 1.0
    line = "".join(" " if v is None else steps[round((v - low) / spread * 7)] for v in values)
    signed = metric in {"nps", "sentiment"}
    name = NAMES.get(metric, metric)
    return Text(f"{name} by {interval}  {line}   lowest {_number(low, signed)}, highest {_number(high, signed)}")


def render(found: Found) -> RenderableType:
    """The whole report."""
    parts: list[RenderableType] = []
    people = f" from {found.customers:,} known customers" if found.customers else ""
    pieces = "piece" if found.volume == 1 else "pieces"
    parts.append(Text(f"{found.volume:,} {pieces} of feedback{people}\n"))
    for metric, rows in found.by_channel.items():
        total = [{**row, "group": "all"} for row in found.totals.get(metric, [])]
        parts += [metric_table(metric, [*rows, *total] if len(rows) > 1 else total or rows, "channel"), Text("")]
    if found.over_time:
        parts += [over_time(found.over_time, found.over_time_metric, found.interval), Text("")]
    if found.terms:
        words = ", ".join(f"{one['term']} ({one['n']})" for one in found.terms[:10])
        parts += [Text.assemble(("What unhappy customers say more than others: ", "bold"), words), Text("")]
    if found.cases_open:
        table = Table(title=f"Open cases: {found.cases_open:,}", title_justify="left", title_style="bold", box=None)
        for column in ("priority", "status", "owner", "due", "what"):
            table.add_column(column)
        for one in found.cases[:5]:
            table.add_row(
                str(one.get("priority", "")),
                str(one.get("status", "")),
                str(one.get("owner") or "–"),
                str(one.get("due") or "–"),
                str(one.get("title", ""))[:60],
            )
        parts += [table, Text("")]
    if found.webhooks or found.mails:
        parts += [
            Text(f"Told: {found.webhooks:,} signed webhooks delivered, {found.mails:,} e-mails to owners"),
            Text(""),
        ]
    took = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in found.seconds.items())
    parts.append(Text(f"Took: {took}", style="dim"))
    return Panel(Group(*parts), title=found.title, border_style="cyan", padding=(1, 2))


def addresses(links: dict[str, str]) -> list[Text]:
    """One line per address, outside any frame, so that a terminal lets people click or copy it whole."""
    return [Text.assemble((f"  {name:<15}", "bold"), (link, "cyan")) for name, link in links.items() if link]
