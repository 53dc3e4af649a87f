"""Explains the problems of a settings document: file, line, key, reason, and the nearest known key."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from daemon.settings.document import Document
from daemon.settings.schema import Settings
from daemon.settings.secrets import secret_at


def take_out_secrets(document: Document) -> list[str]:
    """Remove misplaced secrets from the document's values; return a problem for each."""
    problems: list[str] = []

    def walk(node: dict[str, Any], path: tuple[str, ...]) -> None:
        for key in list(node):
            here = (*path, key)
            name = secret_at(here)
            if name:
                problems.append(
                    f"{document.where(*here)}: {'.'.join(here)} is a secret and does not belong in settings: set "
                    f"INVOICE_SYNC_{name.upper()}, or write it to secrets/{name} beside the file (chmod 600)"
                )
                del node[key]
            elif isinstance(node[key], dict):
                walk(node[key], here)

    walk(document.values, ())
    return problems


def explain(document: Document, problem: Mapping[str, Any]) -> str:
    """Return a problem of validation as ``place: key reason``."""
    path = tuple(part for part in problem["loc"] if part != "[key]")
    name = " ".join(".".join(str(part) for part in path).splitlines())
    kind, context = problem["type"], problem.get("ctx", {})
    place = document.where(*path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(path[:-1]), n=1)
        return f"{place}: {name} is not a known key" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "missing":
        return f"{place}: {name} is missing"
    if kind == "value_error":
        return f"{place}: {name} {context['error']}"
    if kind == "string_pattern_mismatch":
        return f"{place}: {name} has a form that is not allowed ({context['pattern']})"
    return f"{place}: {name}: {_sentence(problem['msg'])}"


def _sentence(message: str) -> str:
    return message.replace("Input should be", "should be").replace("Input should", "should")


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    model: Any = Settings
    for part in path:
        known = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if known is None:
            return []
        kinds = [known.annotation, *get_args(known.annotation)]
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return list(model.model_fields) if model else []
