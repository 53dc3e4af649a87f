"""HTTP as we speak it: a deadline for the whole answer, a cap on its size, no redirects, failures as our errors."""

import io
import re
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from daemon.certificate import shown_certificate
from daemon.errors import SideDenied, SideName, Unreachable
from daemon.sockets import CONNECT_SECONDS, POOLS, Call, current

_CHUNK = 65_536
# What an answer may become in memory: 400,000 values take about 120 MB once they are read, cleaned and compared, and a
# text four bytes a letter where one of its letters is an emoji. A full page of 300 invoices of 15 items has 300,000
# values, and a comment at most 64 kB; a page that has more is read in halves.
MOST_BYTES = 16_000_000
MOST_VALUES = 400_000
_MOST_DECODED = 24_000_000
_MOST_ERROR_BYTES = 1_000_000
_WIDE = re.compile(rb"[\xc4-\xf4]|\\u")
_WIDEST = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
# Also one that does not end: given up, it would be looked for again from each quote in it.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_LONGEST_WAIT = 86_400.0
# How many calls of this process each side answered with which status ("none": it gave no answer), for whoever counts.
ANSWERS: Counter[tuple[SideName, str]] = Counter()


class _Adapter(HTTPAdapter):
    """Sends one request and reads its whole answer, or says why there is none."""

    def __init__(self, side: SideName, seconds: float, max_bytes: int) -> None:
        self._side: SideName = side
        self._seconds = seconds
        self._max_bytes = max_bytes
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(  # type: ignore[override]  # the parent's positional extras are taken by name
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        options.update(stream=True, timeout=(min(CONNECT_SECONDS, self._seconds), self._seconds))
        self._require_plain(options.get("verify"))
        call = Call(self._seconds)
        token = current.set(call)
        code = "none"
        try:
            response = super().send(request, **options)
            self._read(response)
            code = str(response.status_code)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._explain(error, request, call) from error
        finally:
            current.reset(token)
            ANSWERS[self._side, code] += 1
        return response

    def _require_plain(self, bundle: object) -> None:
        """SideDenied where ca_bundle is a pipe or a device: the library would read it without end."""
        if isinstance(bundle, str) and Path(bundle).exists() and not (Path(bundle).is_file() or Path(bundle).is_dir()):
            raise SideDenied(
                f"{self._name} cannot be called: ca_bundle {bundle} is no plain file",
                side=self._side,
                hint="Correct ca_bundle, or leave it out.",
            )

    def _read(self, response: requests.Response) -> None:
        """Read the answer whole. Of an error's long one only its beginning: its status says enough."""
        most = self._max_bytes if response.ok else min(self._max_bytes, _MOST_ERROR_BYTES)
        body = io.BytesIO()
        for chunk in response.raw.stream(_CHUNK, decode_content=True):
            body.write(chunk[: most + 1 - body.tell()])
            if body.tell() > most:
                response.close()
                break
        else:
            response.raw.release_conn()
        if body.tell() > most and response.ok:
            raise self._too_large(f"{most // 1_000_000} MB")
        response.raw = io.BytesIO()
        # What `content` would gather, without two more copies of it.
        response._content = body.getvalue()  # noqa: SLF001
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        response.encoding = "utf-8"  # as both sides' JSON; some that a header may name take for ever to decode
        if decoded_bytes(response.content) > _MOST_DECODED:
            raise self._too_large(f"{_MOST_DECODED // 1_000_000} MB once it is decoded")
        if values_in(response.content) > MOST_VALUES:
            raise self._too_large(f"{MOST_VALUES:,} values")

    def _too_large(self, than: str) -> Unreachable:
        return Unreachable(f"{self._name}'s answer is larger than {than}", side=self._side, sent=True, too_much=True)

    @property
    def _name(self) -> str:
        return self._side.capitalize()

    def _explain(self, error: Exception, request: requests.PreparedRequest, call: Call) -> Exception:
        """Our error for the library's: who did not answer, how, and whether the call may have worked."""
        host = urlsplit(str(request.url)).netloc
        certificate = _find(error, ssl.SSLCertVerificationError)
        if isinstance(certificate, ssl.SSLCertVerificationError):
            return SideDenied(
                f"{self._name} at {host} shows a certificate that cannot be trusted: {certificate.verify_message}"
                f"{shown_certificate(str(request.url), min(CONNECT_SECONDS, self._seconds))}",
                side=self._side,
                hint="Renew the certificate, correct the URL, or name its authority with ca_bundle.",
            )
        if "CA certificate bundle" in str(error):
            return SideDenied(
                f"{self._name} cannot be called: {error}", side=self._side, hint="Correct ca_bundle, or leave it out."
            )
        if call.expired or isinstance(error, requests.Timeout):
            what = f"did not answer within {self._seconds:g} second{'' if self._seconds == 1 else 's'}"
        elif _find(error, socket.gaierror):
            what = "could not be found (DNS)"
        elif _find(error, ConnectionRefusedError):
            what = "refused the connection"
        elif isinstance(error, requests.exceptions.SSLError) or _find(error, ssl.SSLError):
            what = "broke off while the encrypted connection was set up"
        else:
            what = "closed the connection before its answer was complete"
        return Unreachable(
            f"{self._name} at {host} {what}",
            side=self._side,
            sent=call.sent,
            timed_out=call.expired or isinstance(error, requests.Timeout),
        )


class _Session(requests.Session):
    """A session that follows no redirect: a token must not travel to wherever an answer points."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002  (the parent's)
        return None


def open_session(
    side: SideName, *, seconds: float, ca_bundle: str | None = None, max_bytes: int = MOST_BYTES
) -> requests.Session:
    """A session for one side. ``seconds`` bound each whole call; ``max_bytes`` cap its decoded answer.

    It raises our errors (Unreachable, SideDenied) instead of the library's. It keeps no cookies (Magento's would
    tie calls to a PHP session), reads no .netrc and no proxy settings, and always verifies TLS.
    """
    session = _Session()
    session.trust_env = False  # also keeps REQUESTS_CA_BUNDLE from replacing the bundle that was chosen
    session.verify = ca_bundle or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(side, seconds, max_bytes)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "invoice-sync"
    return session


def values_in(content: bytes) -> int:
    """Return how many values and names this JSON may have, at most; found without reading it.

    Each stands after a comma, a colon or a bracket; those within texts count only while the sum is small.
    """
    found = _signs_in(content)
    return found if found <= MOST_VALUES else _signs_in(_TEXT.sub(b"", content))


def decoded_bytes(content: bytes) -> int:
    """Return how many bytes this JSON may take as one text: all its letters have the room that the widest one needs."""
    if len(content) * 4 <= _MOST_DECODED or not _WIDE.search(content):
        return len(content)
    escapes = content.replace(rb"\\", b"").count(rb"\u")  # of six bytes each
    return (len(content) - 5 * escapes) * (4 if _WIDEST.search(content) else 2)


def _signs_in(content: bytes) -> int:
    return sum(map(content.count, (b",", b":", b"[", b"{")))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait, when it does; a date is not honoured, clocks being what they are."""
    text = headers.get("Retry-After", "")
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else None


def _find(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """The first error of this kind among the causes, which the HTTP library nests in several ways."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, kind):
            return current
        # What is called reason is an error in the HTTP library, and a word in an SSLError.
        nested = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting += [part for part in nested if isinstance(part, BaseException)]
    return None
