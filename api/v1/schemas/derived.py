"""Outputs made from the frozen dataclasses of services, which are the one definition of their fields.

A dataclass that is answered as it is needs no model: `Listing[RequestRow]`. `derived_from` is for those of
which an answer leaves out, renames or adds some fields.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, get_type_hints

from pydantic import Field, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from api.v1.schemas.base import Output, public_name

Model = TypeVar("Model", bound=Output)
NO_NAMES: Mapping[str, str] = MappingProxyType({})


def derived_from(
    source: type, *, without: Collection[str] = (), renamed: Mapping[str, str] = NO_NAMES
) -> Callable[[type[Model]], type[Model]]:
    """Give an output the fields of a dataclass, in its order, besides those that it declares itself.

    `renamed` gives names in the API by names in the dataclass. A field that the output declares by the name
    or with the alias of one of the dataclass takes its place.
    """

    def derive(model: type[Model]) -> type[Model]:
        hints = get_type_hints(source, include_extras=True)
        found: dict[str, Any] = {}
        own = {name: (field.annotation, field) for name, field in model.model_fields.items()}
        names = {field.validation_alias: name for name, (_, field) in own.items()} | dict(renamed)
        for each in fields(source):
            if each.name not in without:
                found[names.get(each.name, each.name)] = hints[each.name], Field(validation_alias=each.name)
        kept: dict[str, Any] = {"__doc__": model.__doc__, "__module__": model.__module__}
        made = create_model(model.__name__, __base__=_Derived, **kept, **(found | own))
        made.source = source
        return made  # type: ignore[return-value]

    return derive


class _Derived(Output):
    source: ClassVar[type]


class DocumentedSchema(GenerateJsonSchema):
    """JSON Schema with the docstrings of dataclasses' fields; in an answer each field is always there."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        value = schema["cls"]
        return _described(super().dataclass_schema(schema), value, value, {})

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model: Any = schema["cls"]
        if not issubclass(model, Output):
            return super().model_schema(schema)
        aliases = {name: field.validation_alias for name, field in model.model_fields.items()}
        return _described(super().model_schema(schema), model, getattr(model, "source", None), aliases)

    def field_is_required(self, field: Any, total: bool) -> bool:
        is_answered = self.mode == "serialization" and field["type"] == "dataclass-field"
        return is_answered or super().field_is_required(field, total)

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(public_name(name))


def _described(
    made: JsonSchemaValue, named: type, source: type | None, aliases: Mapping[str, Any]
) -> JsonSchemaValue:
    made["title"] = public_name(named.__name__)
    texts = _field_docs(source) if source else {}
    for name, field in made.get("properties", {}).items():
        field.pop("default", None)
        text = texts.get(aliases.get(name) or name)
        if text:
            field.setdefault("description", _in_json(text))
    return made


def _in_json(text: str) -> str:
    text = re.sub(r"(^|\. )None\b", r"\1Null", text.replace("\n", " "))
    return re.sub(r"\bNone\b", "null", text)


@lru_cache
def _field_docs(source: type) -> dict[str, str]:
    """The docstring below each field, of the dataclass and its parents."""
    found: dict[str, str] = {}
    for parent in reversed(source.__mro__[:-1]):
        (body,) = [
            each.body
            for each in _parsed(inspect.getsourcefile(parent) or "").body
            if isinstance(each, ast.ClassDef) and each.name == parent.__name__
        ]
        for field, text in pairwise(body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    found[name] = inspect.cleandoc(words)
    return found


@lru_cache
def _parsed(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text(encoding="utf-8"))
