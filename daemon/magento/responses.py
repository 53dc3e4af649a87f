"""Reads a good answer of Magento's: JSON as Python values; an answer that is anything else is rejected whole."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

import requests

from daemon.errors import Unreachable
from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.errors import error_of
from daemon.magento.sign_in_errors import Way
from daemon.redaction import Redaction

_DEEPEST = 100


def read(response: requests.Response, way: Way, redaction: Redaction) -> dict[str, Any]:
    """Return the JSON object of a good answer; raise our error for any other. ``way``: how the daemon signs in."""
    if response.status_code != 200:
        raise error_of(ErrorAnswer.of(response, redaction), way)
    body = _parse(response)
    if _is_deep(body):
        _reject("is nested too deeply")
    if not isinstance(body, dict):
        _reject(f"is JSON, but {_kind(body)} where an object was expected")
    return body


def _parse(response: requests.Response) -> Any:
    try:
        text = response.content.decode("utf-8-sig")  # a byte order mark, which some plugin writes, is no fault
        return json.loads(text, parse_float=Decimal, parse_constant=_reject_constant)
    except UnicodeDecodeError:
        _reject("is not UTF-8")
    except RecursionError:
        _reject("is nested too deeply")
    except ValueError:
        start = response.content.lstrip()[:5]
        looks = (
            "is XML"
            if start == b"<?xml"
            else "is an HTML page"
            if start[:1] == b"<"
            else "is not JSON, or is cut short"
        )
        _reject(f"{looks} ({len(response.content)} bytes)")


def _is_deep(body: Any) -> bool:
    """Return whether the body is nested deeper than anything of Magento's, and than recursion can walk."""
    layer: list[Any] = [[body]]
    for _ in range(_DEEPEST):
        layer = [inner for node in layer for inner in _inner(node) if isinstance(inner, dict | list)]
        if not layer:
            return False
    return True


def _inner(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity: no amount, and not JSON


def _reject(why: str) -> NoReturn:
    raise Unreachable(
        f"Magento's answer {why}; it is refused whole",
        side="magento",
        sent=True,
        hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
