"""Resolves references of one node of a graph to the answers of earlier nodes: `@{invoice.id}`."""

import re
from collections.abc import Iterator, Mapping

from daemon.sandbox.salesforce.org import ApiError

# Salesforce searches every text, also customers' comments: "@{" in a comment is read as a reference.
_REFERENCE = re.compile(r"@\{([^{}]*)\}")
_STEP = re.compile(r"([A-Za-z0-9_]+)|\[(\d+)\]")


def find_references(value: object) -> Iterator[str]:
    """Yield the reference ids in a url or body."""
    if isinstance(value, str):
        if "@{" in value:
            yield from (found.partition(".")[0].partition("[")[0] for found in _REFERENCE.findall(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from find_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from find_references(inner)


def resolve_text(text: str, answers: Mapping[str, object]) -> str:
    """Return the text with each reference replaced by its value."""
    return _REFERENCE.sub(lambda found: str(_look_up(found[1], answers)), text) if "@{" in text else text


def resolve(value: object, answers: Mapping[str, object]) -> object:
    """Return the value with every reference in it replaced, at any depth."""
    if isinstance(value, str):
        return resolve_text(value, answers)
    if isinstance(value, dict):
        return {name: resolve(inner, answers) for name, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, answers) for inner in value]
    return value


def _look_up(path: str, answers: Mapping[str, object]) -> object:
    """Follow a path by names, whose case counts: `id` after a write, `Id` after a read."""
    steps = [match[1] or int(match[2]) for match in _STEP.finditer(path)]
    found: object = answers
    for step in steps:
        try:
            found = found[step]  # type: ignore[index]  # its type may not have such an index
        except (KeyError, IndexError, TypeError):
            raise _invalid(path) from None
    if len(steps) < 2 or isinstance(found, dict | list) or found is None:
        raise _invalid(path)
    return found


def _invalid(path: str) -> ApiError:
    name = path.partition(".")[0]
    message = f"Invalid reference specified. No value for {path} found in {name}."
    return ApiError("PROCESSING_HALTED", message, fields=None)
