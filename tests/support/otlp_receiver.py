"""An OpenTelemetry receiver (OTLP over HTTP) in this process, which stores the spans that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.http_receiver import receiving_posts

Value = str | int | float


@dataclass(frozen=True)
class ReceivedSpan:
    """A span, with its ids as hexadecimal digits. `parent` is "" for the root of a trace."""

    name: str
    trace: str
    id: str
    parent: str
    is_error: bool
    attributes: dict[str, Value]


@dataclass
class OtlpReceiver:
    """The receiver. `bodies` are the requests as they came, without compression."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[ReceivedSpan]:
        return [
            ReceivedSpan(
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                span.status.code == 2,
                {
                    each.key: getattr(each.value, str(each.value.WhichOneof("value")))
                    for each in span.attributes
                },
            )
            for body in list(self.bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def receiving_spans() -> Iterator[OtlpReceiver]:
    """Run the receiver on a free port."""
    receiver = OtlpReceiver()

    def take(path: str, _headers: str, body: bytes) -> None:
        if path == "/v1/traces":
            receiver.bodies.append(body)

    with receiving_posts(take) as receiver.port:
        yield receiver
