"""The contract of the JSON API as readable lines, so that changes are deliberate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.v1.docs import schema_limits, schema_type
from scheduler.storage.database import Database
from tests.support.web import web_app

KEPT = Path(__file__).with_name("contract.txt")


def test_the_contract_is_the_one_that_programs_were_written_for(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    """For an intended change: review the difference, name it in the commit, and store the named file."""
    document = web_app(database, broker_url).test_client().get("/api/v1/openapi.json").json
    found = "\n".join(_contract(document)) + "\n"
    (tmp_path / "contract.txt").write_text(found, encoding="utf-8")
    assert found.splitlines() == KEPT.read_text(encoding="utf-8").splitlines(), tmp_path / "contract.txt"


def _contract(document: Any) -> Iterator[str]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            yield from _operation(f"{method.upper()} {path}", operation)
    for name, schema in sorted(document["components"]["schemas"].items()):
        required = schema.get("required", ())
        yield f"{name}" + (f" {schema_type(schema)}" if "properties" not in schema else "")
        for field, described in schema.get("properties", {}).items():
            yield f"  {field}{'' if field in required else '?'}: {_words(described)}"


def _operation(line: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"{line} {operation['operationId']} {' '.join(operation['security'][0]['token'])}".rstrip()
    for each in sorted(operation["parameters"], key=lambda each: (each["in"], each["name"])):
        yield f"  {each['in']} {each['name']}{'' if each['required'] else '?'}: {_words(each['schema'])}"
    if "requestBody" in operation:
        body = operation["requestBody"]
        mark = "" if body["required"] else "?"
        yield f"  body{mark}: {schema_type(body['content']['application/json']['schema'])}"
    for status, answer in sorted(operation["responses"].items()):
        if status < "400":
            headers = "".join(f" + {name}" for name in sorted(answer.get("headers", ())))
            ((kind, body),) = answer["content"].items()
            given = schema_type(body["schema"]) if kind == "application/json" else kind
            yield f"  {status}: {given}{headers}"
    yield "  errors: " + " ".join(sorted(status for status in operation["responses"] if status >= "400"))


def _words(schema: dict[str, Any]) -> str:
    limits = schema_limits(schema)
    return schema_type(schema) + (f" ({limits})" if limits else "")
