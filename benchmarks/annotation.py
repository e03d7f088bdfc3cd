"""Understanding words: the pure function on one core, and through the API with a thousand texts a call."""

from __future__ import annotations

from statistics import mean
from time import process_time

import orjson

from analysis_service.text import annotate
from benchmarks.intake import note
from benchmarks.loader import Loader
from benchmarks.results import Figure, Ratio, Result
from benchmarks.stage import Stage, said

PATH = "/v1/text/annotate"
TEXTS_A_CALL = 1_000
TEXTS_A_BATCH = 500


def texts_of(count: int) -> list[str]:
    """`count` texts of the story, each with a number of its own so that no two are equal."""
    told = [str(one["text"]) for one in said(2 * count) if "text" in one][:count]
    return [f"{text} ({place})" for place, text in enumerate(told)]


async def measure(stage: Stage) -> Result:
    """Rounds of both ways. In the function, time is process time: another process on the core costs nothing."""
    texts = texts_of(stage.sizes.texts)
    annotate(texts[:200], [None] * len(texts[:200]))  # the weights are loaded at the first use
    alone = Figure("annotate(), one core, language told", "docs/s", [])
    guessing = Figure("annotate(), one core, language found", "docs/s", [])
    served = Figure(f"{PATH} through the gateway", "docs/s", [])
    tenant = await stage.tenant("Annotation")
    calls = [
        orjson.dumps({"texts": [{"id": str(n), "text": text} for n, text in enumerate(texts[at : at + TEXTS_A_CALL])]})
        for at in range(0, len(texts), TEXTS_A_CALL)
    ]
    a_call = min(TEXTS_A_CALL, len(texts))
    loader = Loader()
    for _ in range(stage.sizes.rounds):
        alone.rounds.append(_one_core(texts, "en"))
        guessing.rounds.append(_one_core(texts, None))
        used = stage.cpu("gateway", "analysis-api")
        outcome = await loader.run(
            *(stage.gateway, PATH, tenant.headers(), [call.decode() for call in calls]),
            seconds=stage.sizes.seconds,
            connections=2,
        )
        note(served, outcome, used(), records=a_call)
    return Result(
        "annotate",
        f"texts of {mean(map(len, texts)):.0f} characters on average, {a_call:,} a call",
        [alone, guessing, served],
        [Ratio.of("through the API / function", served, guessing)],
        ["to reach: ≥ 12,000 texts/s on one core with all heads"],
    )


def _one_core(texts: list[str], language: str | None) -> float:
    begun = process_time()
    for at in range(0, len(texts), TEXTS_A_BATCH):
        part = texts[at : at + TEXTS_A_BATCH]
        annotate(part, [language] * len(part))
    return len(texts) / (process_time() - begun)
