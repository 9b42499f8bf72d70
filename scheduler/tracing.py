"""Tracing by OpenTelemetry: a span per web request and per task, without values.

A span has what the access log has: route template, method, status, times and IDs. Paths, addresses, arguments
and texts of exceptions are left out, because they contain tokens and personal data. A request and the tasks
that it causes are one trace (W3C Trace Context). The `traceparent` of a client is ignored: a stranger could
choose IDs and what is sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from scheduler.version import installed_version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Attributes = Mapping[str, str | int | float]

SEND_INTERVAL: Final = 2.0
"""In seconds, between two batches of spans."""
SEND_TIMEOUT: Final = 5.0
"""In seconds, for sending a batch, and for the spans that wait when a process ends."""
MAX_WAITING: Final = 2048
"""Spans of one process that wait to be sent. Further ones are lost."""


class Span:
    """A span of this thread, until `end` is called. Spans that start meanwhile are its children."""

    def __init__(
        self, provider: TracerProvider, name: str, carrier: Mapping[str, str], *, is_task: bool
    ) -> None:
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(carrier, context=context.Context())
        kind = trace.SpanKind.CONSUMER if is_task else trace.SpanKind.SERVER
        self._span = provider.get_tracer("chainmeet").start_span(name, context=parent, kind=kind)
        self._token = context.attach(trace.set_span_in_context(self._span, parent))

    def end(self, name: str, attributes: Attributes, *, error: str | None = None) -> None:
        """End the span. `error` is the type of an exception or a status code, or None for success."""
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        context.detach(self._token)
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class _Process:
    """The spans' provider of this process, and None while spans aren't sent."""

    provider: TracerProvider | None = None


def read_endpoint(text: str) -> str:
    """Return the address without a final slash, or "". Raises ValueError if it is not one.

    Also raises ValueError if the package that sends is missing.
    """
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be the address of an OTLP/HTTP receiver, such as http://collector:4318")
    if parts.username or parts.password:
        raise ValueError("must not contain a password; use OTEL_EXPORTER_OTLP_HEADERS for it")
    if find_spec("opentelemetry") is None:
        raise ValueError(
            "needs a package that isn't installed; install it with: pip install 'chainmeet[otlp]'"
        )
    return text.rstrip("/")


def configure(endpoint: str) -> None:
    """Send the spans of this process, and of those forked from it, to an OTLP/HTTP receiver; "" for none.

    The SDK's own variables apply, such as OTEL_TRACES_SAMPLER and OTEL_SERVICE_NAME.
    """
    if _Process.provider is not None:
        _Process.provider.shutdown()
    _Process.provider = _sending_to(endpoint) if endpoint else None


def start_request_span() -> Span | None:
    """Start the span of a web request, the root of a trace. None without a receiver."""
    return _start_span("request", {}, is_task=False)


def start_task_span(name: str, headers: Mapping[str, str]) -> Span | None:
    """Start the span of a task, a child of the span in its headers. None without a receiver."""
    return _start_span(name, headers, is_task=True)


def trace_headers() -> dict[str, str]:
    """Return the headers that connect a task with the current span."""
    if _Process.provider is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers


def flush() -> None:
    """Send what waits, before a process ends."""
    if _Process.provider is not None:
        _Process.provider.force_flush(int(SEND_TIMEOUT * 1000))


def _start_span(name: str, carrier: Mapping[str, str], *, is_task: bool) -> Span | None:
    provider = _Process.provider
    return Span(provider, name, carrier, is_task=is_task) if provider is not None else None


def _sending_to(endpoint: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource({"service.name": "chainmeet", "service.version": installed_version()})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=SEND_TIMEOUT)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=MAX_WAITING, schedule_delay_millis=SEND_INTERVAL * 1000)
    )
    return provider
