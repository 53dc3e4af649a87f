"""What Magento's answers mean: JSON as Python values, and whatever is none is refused whole."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

import requests

from daemon.errors import Unreachable
from daemon.magento.errors import refuse
from daemon.magento.sign_in_errors import Way

_DEEPEST = 100


def read(response: requests.Response, way: Way = "oauth1") -> dict[str, Any]:
    """The JSON object of a good answer; our error for any other. ``way``: how we sign in, which a refusal is about."""
    if response.status_code != 200:
        refuse(response, way)
    body = _parse(response)
    if _is_deep(body):
        _refuse_page("is nested too deeply")
    if not isinstance(body, dict):
        _refuse_page(f"is JSON, but {_kind(body)} where an object was expected")
    return body


def _parse(response: requests.Response) -> Any:
    try:
        text = response.content.decode("utf-8-sig")  # some plugin's byte order mark is no fault
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse_page("is not UTF-8")
    except RecursionError:
        _refuse_page("is nested too deeply")
    except ValueError:
        start = response.content.lstrip()[:5]
        looks = (
            "is XML"
            if start == b"<?xml"
            else "is an HTML page"
            if start[:1] == b"<"
            else "is not JSON, or is cut short"
        )
        _refuse_page(f"{looks} ({len(response.content)} bytes)")


def _is_deep(body: Any) -> bool:
    """Whether it is nested beyond anything that Magento means, and that can be walked by recursion."""
    layer: list[Any] = [[body]]
    for _ in range(_DEEPEST):
        layer = [inner for node in layer for inner in _inner(node) if isinstance(inner, dict | list)]
        if not layer:
            return False
    return True


def _inner(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity: no amount, and not JSON


def _refuse_page(why: str) -> NoReturn:
    raise Unreachable(
        f"Magento's answer {why}; it is refused whole",
        side="magento",
        sent=True,
        hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
