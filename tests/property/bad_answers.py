"""What networks, proxies and defects make of an answer: wherever chance leads, one way of being wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault
from daemon.sandbox.faults.answers import ask

NESTED = 10_000
HTML = b"<!DOCTYPE html><html><body><h1>Sorry</h1><script>alert(1)</script></body></html>"
# In place of a value: of another type, absent, far too large, or with characters that something chokes on.
ODD: list[Any] = [
    None, [], {}, "", True, False, -1, 2**70, -(2**70), [None], {"a": [{}]}, [[[[]]]], "\ud800", "\udfff x", "NaN",
    "\u202e txt.exe", "\x00", "\x1b[31m", "0000-00-00 00:00:00", "9999-99-99 99:99:99", "1e999", "1E+400", "' OR 1=1",
    "<b>&amp;</b>", "../..", "a" * 300, 1.5, "00D", "None", "null", "\ufeff", "\r\n<3>daemon.stopping",
]  # fmt: skip
LIMITS = [
    "api-usage=x/y",
    "api-usage=" + "9" * 5000 + "/1",
    f"api-usage={2**70}/{2**71}",
    "api-usage=-1/0",
    "=;,",
    "api-usage=1/0",
]
WAITS = ["-1", "1e9", "9" * 400, "NaN", "", "Wed, 21 Oct 2065 07:28:00 GMT", "٣", "0x10", "1.5"]
DATES = [
    "",
    "yesterday",
    "Thu, 99 Nov 2026 99:99:99 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "9" * 500,
    "Fri, 31 Dec 9999 23:59:59 -2359",
]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    keys: Any = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _replace(body: Any, random: Random) -> None:
    container, key = random.choice(list(_places(body)))
    container[key] = random.choice(ODD)


def _drop(body: Any, random: Random) -> None:
    container, key = random.choice(list(_places(body)))
    del container[key]


def _double(body: Any, random: Random) -> None:
    lists = [container[key] for container, key in _places(body) if isinstance(container[key], list) and container[key]]
    if lists:
        chosen = random.choice(lists)
        chosen.insert(random.randrange(len(chosen) + 1), json.loads(json.dumps(random.choice(chosen))))


def _turn(body: Any, random: Random) -> None:
    lists = [container[key] for container, key in _places(body) if isinstance(container[key], list)]
    if lists:
        random.shuffle(random.choice(lists))


def _short_ids(body: Any, _random: Random) -> None:
    for container, key in list(_places(body)):
        if key in {"id", "Id"} and isinstance(container[key], str):
            container[key] = container[key][:15]


STRUCTURE = [_replace, _replace, _replace, _drop, _drop, _double, _turn, _short_ids]
Change = Callable[[bytes, Random], bytes]
BYTES: list[Change] = [
    lambda body, random: body[: random.randrange(len(body) + 1)],
    lambda body, _: b"\xef\xbb\xbf" + body,
    lambda body, random: _inserted(body, random, b"\xff\xfe\xc0\x80"),
    lambda body, random: _inserted(body, random, b"\xed\xa0\x80"),
    lambda body, random: _inserted(body, random, b"\0"),
    lambda _body, _: HTML,
    lambda _body, _: b"",
    lambda body, _: body.decode().encode("utf-16"),
    lambda _body, _: b"[" * NESTED + b"]" * NESTED,
    lambda _body, _: b'{"items":' * NESTED + b"0" + b"}" * NESTED,
    lambda body, _: body.replace(b'":1', b'":NaN', 1).replace(b'":2', b'":-Infinity', 1),
    lambda body, _: body.replace(b'":1', b'":1E+999999', 1),
    lambda body, _: body.replace(b'":1', b'":' + b"7" * 5000, 1),
    lambda body, _: body.replace(b"{", b'{"graphs":null,"items":null,"records":null,', 1),
    lambda body, _: body + body,
    lambda body, _: json.dumps(body.decode()).encode(),
    lambda body, _: b"null",
    lambda body, _: body + b"\n<!-- 0.3 s -->",
]


def _inserted(body: bytes, random: Random, what: bytes) -> bytes:
    at = random.randrange(len(body) + 1)
    return body[:at] + what + body[at:]


def changed(body: bytes, random: Random) -> bytes:
    """The body, wrong in one way."""
    if random.random() < 0.4:
        return random.choice(BYTES)(body, random)
    try:
        value = json.loads(body)
    except ValueError:
        return HTML
    if not isinstance(value, dict | list) or not value:
        return b"[]"
    random.choice(STRUCTURE)(value, random)
    return json.dumps(value).encode()


def refusing(body: bytes, random: Random, said: str) -> tuple[int, bytes]:
    """An error's answer instead, which quotes what a customer wrote, itself perhaps wrong."""
    status = random.choice([300, 400, 401, 403, 404, 409, 413, 429, 500, 503])
    error = {
        "errorCode": random.choice(["UNKNOWN_EXCEPTION", "JSON_PARSER_ERROR", "X", said]),
        "message": said,
        "fields": [],
    }
    answer: Any = random.choice([[error], error, {"message": said, "error": "x", "error_description": said}])
    if random.random() < 0.5:
        _replace(answer, random)
    return status, random.choice([json.dumps(answer).encode(), HTML, body])


def bad(random: Random, *, said: str) -> Fault:
    """Call the application, which does its work, and answer something that is wrong in a way that chance chooses."""

    def answer(app: Any, environ: Any) -> Response:
        response = ask(app, environ)
        way = random.random()
        if way < 0.15:
            response.status_code, body = refusing(response.get_data(), random, said)
            response.set_data(body)
        elif way < 0.75:
            response.set_data(changed(response.get_data(), random))
        if way >= 0.75 or random.random() < 0.3:
            name, values = random.choice([("Sforce-Limit-Info", LIMITS), ("Retry-After", WAITS), ("Date", DATES)])
            value = random.choice(values).encode().decode("latin-1")
            response.headers[name] = value
            if name == "Retry-After":
                response.status_code = random.choice([429, 503])
        return response

    return Fault("bad answer", answer)
