"""What the API answers is what its description says: no field more, none less, every value of its type."""

import functools
import re
import threading
from typing import Any

import jsonschema
from drf_spectacular.generators import SchemaGenerator


def check(method: str, path: str, response: Any) -> None:
    """Raises AssertionError for a JSON answer of `/api/v1/` that is not as described."""
    operation = _operation(method.lower(), path.partition("?")[0])
    kind = response.headers.get("Content-Type", "")
    if operation is None or not kind.partition(";")[0].endswith("json"):
        return
    answers = operation["responses"]
    answer = answers.get(str(response.status_code), answers["default"])
    assert kind in answer.get("content", {}), f"{method} {path}: {response.status_code} as {kind} is not described"
    schema = {**answer["content"][kind]["schema"], "components": described()["components"]}
    errors = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(schema).iter_errors(response.json())
    ]
    assert errors == [], f"{method} {path}: " + "; ".join(errors)


def _operation(method: str, path: str) -> Any:
    for pattern, operations in _operations():
        if pattern.fullmatch(path):
            return operations.get(method)
    return None


@functools.cache
def _operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [(re.compile(re.sub(r"\{\w+\}", r"\\d+", path)), found) for path, found in described()["paths"].items()]


_one_at_a_time = threading.Lock()  # which rivals in threads are not: the generator works on shared views


def described() -> dict[str, Any]:
    with _one_at_a_time:
        return _described()


@functools.cache
def _described() -> dict[str, Any]:
    described: dict[str, Any] = _strict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
    return described


def _strict(schema: Any) -> Any:
    """The description as JSON Schema: null as a type of its own, and objects without further properties."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        strict["additionalProperties"] = False
    if strict.pop("nullable", False) is True:
        return {"anyOf": [strict, {"type": "null"}]}
    return strict
