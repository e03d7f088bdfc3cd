"""Traces: one trace from the gateway to the webhook, through the queue, by the traceparent kept in each event.

Without an exporter nothing is recorded, but the incoming traceparent still travels with the events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.contracts.envelope import Event
from shared.foundation.settings import ServiceSettings

_propagator = TraceContextTextMapPropagator()
_provider: TracerProvider | None = None


class FileSpanExporter(SpanExporter):
    """Appends finished spans as JSON lines, for people without a collector and for tests."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._path.open("a", encoding="utf-8") as out:
            for span in spans:
                context = span.get_span_context()
                if context is None:
                    continue
                out.write(
                    json.dumps(
                        {
                            "trace_id": f"{context.trace_id:032x}",
                            "span_id": f"{context.span_id:016x}",
                            "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
                            "name": span.name,
                            "service": span.resource.attributes.get("service.name"),
                            "start_ns": span.start_time,
                            "end_ns": span.end_time,
                            "attributes": dict(span.attributes or {}),
                            "status": span.status.status_code.name,
                        }
                    )
                    + "\n"
                )
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held open."""


def configure(settings: ServiceSettings) -> None:
    """Record traces of this process if the settings name a file or a collector."""
    global _provider  # noqa: PLW0603 - one tracer provider per process, by design of OpenTelemetry
    exporters: list[SpanExporter] = []
    if settings.otel_traces_file:
        exporters.append(FileSpanExporter(Path(settings.otel_traces_file)))
    if settings.otel_exporter_otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporters.append(OTLPSpanExporter(f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"))
    if not exporters:
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.instance_name or settings.service}),
        sampler=ParentBasedTraceIdRatio(settings.trace_sample_ratio),
    )
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    _provider = provider


def shutdown() -> None:
    """Send what is left."""
    if _provider is not None:
        _provider.shutdown()


def enabled() -> bool:
    """Whether spans of this process go anywhere."""
    return _provider is not None


def _context(traceparent: str | None) -> Context:
    return _propagator.extract({"traceparent": traceparent} if traceparent else {})


def _text(span: trace.Span) -> str | None:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent")


class Span:
    """A span that was started by hand; `traceparent` is what to pass on."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, name: str, traceparent: str | None, kind: SpanKind, attributes: Mapping[str, Any]) -> None:
        self._span: trace.Span | None = None
        self.traceparent = traceparent
        if _provider is not None:
            tracer = _provider.get_tracer("cxloop")
            self._span = tracer.start_span(name, _context(traceparent), kind=kind, attributes=attributes)
            self.traceparent = _text(self._span)

    def set(self, key: str, value: Any) -> None:
        """Add an attribute. Never personal text."""
        if self._span is not None:
            self._span.set_attribute(key, value)

    def end(self) -> None:
        if self._span is not None:
            self._span.end()


def server_span(name: str, traceparent: str | None, **attributes: Any) -> Span:
    """The span of a request that came in."""
    return Span(name, traceparent, SpanKind.SERVER, attributes)


def client_span(name: str, traceparent: str | None, **attributes: Any) -> Span:
    """The span of a call that goes out."""
    return Span(name, traceparent, SpanKind.CLIENT, attributes)


@contextmanager
def event_spans(listener: str, events: Sequence[Event]) -> Iterator[None]:
    """One consumer span per event of a batch, each in the trace of the request that caused it."""
    if _provider is None:
        yield
        return
    spans = [
        Span(
            f"{listener} {one.name}",
            one.trace,
            SpanKind.CONSUMER,
            {"messaging.batch.message_count": len(events), "cxloop.event_id": str(one.id)},
        )
        for one in events
        if one.trace
    ]
    try:
        yield
    finally:
        for span in spans:
            span.end()
