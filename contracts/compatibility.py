"""Whether a contract may follow another, judged by what the other side still writes or reads.

A reader ignores the fields that it doesn't know, so fields may be added. All else that a writer may write under its
schema, a reader must take under its own: of an input Sealwax is the reader and the platform's services are the writers,
of an output it is the other way round.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_AT_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_AT_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def breaks_input(old: Schema, new: Schema) -> list[str]:
    """What those who write by the old schema could write and be refused or misunderstood, each with its field."""
    return [*_removed(_Side(old), _Side(new)), *_gaps(_Side(new), _Side(old), "")]


def breaks_output(old: Schema, new: Schema) -> list[str]:
    """What those who read by the old schema could meet and not understand, each with its field."""
    return [*_removed(_Side(old), _Side(new)), *_gaps(_Side(old), _Side(new), "")]


class _Side:
    """A schema, or a part of one, whose references are followed."""

    def __init__(self, schema: Schema, root: Schema | None = None) -> None:
        self._root = schema if root is None else root
        while "$ref" in schema:
            schema = self._root["$defs"][schema["$ref"].rpartition("/")[2]]
        self.schema = schema

    def part(self, schema: Schema) -> "_Side":
        return _Side(schema, self._root)

    @property
    def fields(self) -> dict[str, "_Side"]:
        return {name: self.part(schema) for name, schema in self.schema.get("properties", {}).items()}

    @property
    def alternatives(self) -> list["_Side"]:
        """What a value may be: one of these."""
        if "anyOf" in self.schema:
            return [one for schema in self.schema["anyOf"] for one in self.part(schema).alternatives]
        if isinstance(self.schema.get("type"), list):
            return [self.part({**self.schema, "type": kind}) for kind in self.schema["type"]]
        return [self]


def _removed(old: _Side, new: _Side) -> Iterator[str]:
    for name in old.fields:
        if name not in new.fields:
            yield f"{name}: is gone"


def _gaps(reader: _Side, writer: _Side, path: str) -> Iterator[str]:
    """What the writer may write and the reader refuses."""
    for offered in writer.alternatives:
        found = [list(_mismatches(taken, offered, path)) for taken in reader.alternatives]
        if all(found):
            yield from min(found, key=len)


def _mismatches(reader: _Side, writer: _Side, path: str) -> Iterator[str]:
    """The same of two schemas without alternatives."""
    taken, offered = reader.schema, writer.schema
    where = path or "the message"
    if "type" in taken and not _is_kind(taken["type"], offered.get("type")):
        yield f"{where}: may be {offered.get('type', 'anything')}, which a reader that wants {taken['type']} refuses"
        return
    if unknown := _values(offered) - _values(taken) if _values(taken) else set():
        yield f"{where}: may be {', '.join(sorted(unknown))}, which a reader doesn't know"
    elif _values(taken) and not _values(offered):
        yield f"{where}: may be any value, of which a reader knows some only"
    yield from _looser(taken, offered, where)
    yield from _gaps_within(reader, writer, path)


def _gaps_within(reader: _Side, writer: _Side, path: str) -> Iterator[str]:
    certain = set(writer.schema.get("required", ()))
    for name in reader.schema.get("required", ()):
        if name not in certain:
            yield f"{_joined(path, name)}: may be missing, and a reader needs it"
    fields = writer.fields
    for name, field in reader.fields.items():
        if name in fields:
            yield from _gaps(field, fields[name], _joined(path, name))
    for keyword, name in (("items", "[]"), ("additionalProperties", "*")):
        taken, offered = reader.schema.get(keyword), writer.schema.get(keyword)
        if isinstance(taken, Mapping) and isinstance(offered, Mapping):
            yield from _gaps(reader.part(taken), writer.part(offered), _joined(path, name))


def _looser(taken: Schema, offered: Schema, where: str) -> Iterator[str]:
    for keyword in _AT_LEAST:
        if keyword in taken and offered.get(keyword, float("-inf")) < taken[keyword]:
            yield f"{where}: {keyword} of a reader is {taken[keyword]}, of a writer {offered.get(keyword, 'none')}"
    for keyword in _AT_MOST:
        if keyword in taken and offered.get(keyword, float("inf")) > taken[keyword]:
            yield f"{where}: {keyword} of a reader is {taken[keyword]}, of a writer {offered.get(keyword, 'none')}"
    for keyword in ("format", "pattern"):
        if keyword in taken and offered.get(keyword) != taken[keyword]:
            yield f"{where}: {keyword} of a reader is {taken[keyword]}, of a writer {offered.get(keyword, 'none')}"


def _is_kind(taken: str, offered: str | None) -> bool:
    return taken == offered or (taken == "number" and offered == "integer")


def _values(schema: Schema) -> set[str]:
    """The only values that a schema allows, if it names them."""
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema.get("enum", ())}


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
