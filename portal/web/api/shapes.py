"""What goes in and out of the API as frozen dataclasses: from their fields come the JSON, its schema, and the reading
of a query, so that none of the three can say something else than the others.

A field's words, and bounds as JSON Schema has them, stand in its annotation:
``Annotated[int, "Which page.", bounds(minimum=1)]``.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from werkzeug.datastructures import MultiDict

Schema = dict[str, Any]
Shape = TypeVar("Shape")

SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Decimal: {"type": "string", "pattern": r"^-?\d+\.\d{2}$"},
    NoneType: {"type": "null"},
}


class Unreadable(Exception):
    """A query is not what is asked for; ``what`` is wrong, and what it takes."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


def bounds(**keywords: str | int) -> tuple[tuple[str, str | int], ...]:
    """What a value keeps to, in the words of JSON Schema, for an annotation: these have to be hashable."""
    return tuple(keywords.items())


def as_json(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601 with their offset, amounts of money as ``"65.00"``."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [as_json(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value


def schema(kind: Any) -> Schema:
    """The schema of what ``as_json`` makes of a value of this type; other shapes are referred to by name."""
    if get_origin(kind) is Annotated:
        inner, *said = get_args(kind)
        described = schema(inner)
        for one in said:
            more = {"description": one} if isinstance(one, str) else dict(one)
            described = described | more
        return described
    if kind in SIMPLE:
        return dict(SIMPLE[kind])
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if get_origin(kind) in (Union, UnionType):
        return {"anyOf": [schema(one) for one in get_args(kind)]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": schema(get_args(kind)[0])}
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def components(kind: Any) -> dict[str, Schema]:
    """The schemas by name that a type refers to, its own with them."""
    if get_origin(kind) is not None:
        found: dict[str, Schema] = {}
        for inner in get_args(kind):
            found |= components(inner)
        return found
    if not isinstance(kind, type):
        return {}
    if hasattr(kind, "schema"):
        return {kind.__name__: kind.schema()}
    if not is_dataclass(kind):
        return {}
    hints = get_type_hints(kind, include_extras=True)
    own: Schema = {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {name: schema(hint) for name, hint in hints.items()},
        "required": list(hints),
        "additionalProperties": False,
    }
    return {kind.__name__: own} | {
        name: one for hint in hints.values() for name, one in components(hint).items()
    }


def parameters(kind: Any) -> list[Schema]:
    """The fields of a query as OpenAPI describes them; one with a default may be left out."""
    hints = get_type_hints(kind, include_extras=True)
    described = []
    for field in fields(kind):
        shape = schema(hints[field.name])
        words = shape.pop("description", "")
        if field.default not in (MISSING, ""):
            shape["default"] = field.default
        described.append({"name": field.name, "in": "query", "description": words, "schema": shape})
    return described


def read(kind: type[Shape], query: MultiDict[str, str]) -> Shape:
    """The query of an address as a value. Raises Unreadable: for what is not known here too, since a filter that is
    spelled wrongly would give everything."""
    hints = get_type_hints(kind, include_extras=True)
    known = ", ".join(f"`{name}`" for name in hints) or "none"
    given: dict[str, Any] = {}
    for name, values in query.lists():
        if name not in hints:
            raise Unreadable(f"There is no parameter {name!r}.", f"Leave it out; there are: {known}.")
        if len(values) > 1:
            raise Unreadable(f"`{name}` is given {len(values)} times.", "Give it once.")
        given[name] = _value(name, values[0], schema(hints[name]))
    return kind(**given)


def _value(name: str, text: str, shape: Schema) -> str | int:
    if shape["type"] == "integer":
        lowest, highest = shape["minimum"], shape["maximum"]
        # A number of a hundred thousand digits takes its time to read.
        if re.fullmatch(r"[0-9]{1,10}", text) and lowest <= int(text) <= highest:
            return int(text)
        raise Unreadable(f"`{name}` is {text[:40]!r}.", f"It takes a whole number, {lowest} to {highest}.")
    if "enum" in shape and text not in shape["enum"]:
        raise Unreadable(f"`{name}` is {text[:40]!r}.", f"It takes {' or '.join(shape['enum'])}.")
    if len(text) > shape.get("maxLength", len(text)):
        raise Unreadable(
            f"`{name}` is {len(text)} characters long.", f"It takes at most {shape['maxLength']}."
        )
    if "pattern" in shape and not re.fullmatch(shape["pattern"], text):
        raise Unreadable(f"`{name}` is {text[:40]!r}.", f"It has to match the pattern {shape['pattern']}.")
    return text
