"""Which fields there are, what type they have, and which comparisons make sense."""

from __future__ import annotations

from tracestore.traceql.tree import Constant, Field

INTRINSICS = {
    "name": "string",
    "duration": "number",
    "status": "status",
    "statusMessage": "string",
    "kind": "kind",
    "rootName": "string",
    "rootServiceName": "string",
    "traceDuration": "number",
    "trace:id": "id",
    "span:id": "id",
    "span:parentID": "id",
    "instrumentation:name": "string",
    "instrumentation:version": "string",
    "nestedSetParent": "nested",
}
"""Type by name."""

_OTHER_NAMES = {
    "span:name": "name",
    "span:duration": "duration",
    "span:status": "status",
    "span:statusMessage": "statusMessage",
    "span:kind": "kind",
    "trace:duration": "traceDuration",
    "trace:rootName": "rootName",
    "trace:rootService": "rootServiceName",
}

_UNSUPPORTED = {
    "childCount", "parent", "nestedSetLeft", "nestedSetRight", "span:childCount", "event:name",
    "event:timeSinceStart", "link:traceID", "link:spanID",
}  # fmt: skip

_ORDERED = {"=", "!=", "<", "<=", ">", ">="}
_EQUALITY = {"=", "!="}
_REGEX = {"=~", "!~"}


class FieldProblem(Exception):
    """A field or comparison that cannot be answered; the caller knows where it stands."""


def intrinsic(name: str) -> Field:
    """The intrinsic of a name, scoped or not. Raises FieldProblem."""
    canonical = _OTHER_NAMES.get(name, name)
    if canonical in INTRINSICS:
        return Field("intrinsic", canonical)
    if name in _UNSUPPORTED:
        raise FieldProblem(f"the field {name} is not supported by this trace store")
    raise FieldProblem(
        f"unknown field {name}: attributes need a scope, such as span.{name} or .{name}"
    )


def attribute(text: str) -> Field:
    """The attribute of a text such as `span.http.method`, `.x` or `span."a b"`.

    Raises FieldProblem for scopes that Tempo knows and this store does not.
    """
    scope, _, rest = text.partition(".")
    name = _unquoted(rest)
    if scope == "":
        return Field("any", name)
    if scope == "span":
        return Field("span", name)
    if scope == "resource":
        return Field("resource", name)
    raise FieldProblem(f"the scope {scope}. is not supported by this trace store")


def _unquoted(name: str) -> str:
    """The name without the quotes around its parts, their escapes undone."""
    result = []
    quoted = escaped = False
    for character in name:
        if escaped or (character not in '\\"') or (character == "\\" and not quoted):
            result.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            quoted = not quoted
    return "".join(result)


def check(field: Field, operator: str, constant: Constant) -> None:
    """Raise FieldProblem when a comparison makes no sense for the types."""
    if field.scope == "intrinsic":
        _check_intrinsic(field, operator, constant)
    elif constant.kind in ("status", "kind"):
        raise FieldProblem(f"an attribute cannot be compared with a {constant.kind}")
    elif constant.kind == "string":
        return
    elif operator not in (_ORDERED if constant.kind == "number" else _EQUALITY):
        raise FieldProblem(f"operator {operator} does not work on a {constant.kind}")


def _check_intrinsic(field: Field, operator: str, constant: Constant) -> None:
    kind = INTRINSICS[field.name]
    if kind == "nested":
        # Spans have no such numbers here; what people ask with it is whether a span is a root.
        if (operator, constant.value) not in _ROOT_OR_NOT or constant.kind != "number":
            raise FieldProblem(f"{field.name} is supported as {field.name} < 0 and >= 0 only")
        return
    wanted = "string" if kind == "id" else kind
    if constant.kind != wanted:
        raise FieldProblem(
            f"{field.name} is a {wanted}, it cannot be compared with {constant.kind}"
        )
    allowed = {"string": _ORDERED | _REGEX, "number": _ORDERED}.get(kind, _EQUALITY)
    if operator not in allowed:
        raise FieldProblem(f"operator {operator} does not work on {field.name}")


_ROOT_OR_NOT = {("<", 0): True, ("=", -1): True, (">=", 0): False, ("!=", -1): False}


def asks_for_root(operator: str, constant: Constant) -> bool:
    """Whether a comparison of `nestedSetParent` wants root spans, or all others."""
    return _ROOT_OR_NOT[operator, constant.value]  # type: ignore[index]
