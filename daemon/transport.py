"""HTTP as we speak it: a deadline for the whole answer, a cap on its size, no redirects, failures as our errors."""

import io
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from daemon.certificate import shown_certificate
from daemon.errors import SideName, SideRefused, Unreachable
from daemon.sockets import CONNECT_SECONDS, POOLS, Call, current

_CHUNK = 65_536
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

    def _read(self, response: requests.Response) -> None:
        body = io.BytesIO()
        for chunk in response.raw.stream(_CHUNK, decode_content=True):
            if body.tell() + len(chunk) > self._max_bytes:
                response.close()
                raise Unreachable(
                    f"{self._name}'s answer is larger than {self._max_bytes // 1_000_000} MB",
                    side=self._side,
                    sent=True,
                    too_much=True,
                )
            body.write(chunk)
        response.raw.release_conn()
        body.seek(0)
        response.raw = body

    @property
    def _name(self) -> str:
        return self._side.capitalize()

    def _explain(self, error: Exception, request: requests.PreparedRequest, call: Call) -> Exception:
        """Our error for the library's: who did not answer, how, and whether the call may have worked."""
        host = urlsplit(str(request.url)).netloc
        certificate = _find(error, ssl.SSLCertVerificationError)
        if isinstance(certificate, ssl.SSLCertVerificationError):
            return SideRefused(
                f"{self._name} at {host} shows a certificate that cannot be trusted: {certificate.verify_message}"
                f"{shown_certificate(str(request.url), min(CONNECT_SECONDS, self._seconds))}",
                side=self._side,
                hint="Renew the certificate, correct the URL, or name its authority with ca_bundle.",
            )
        if "CA certificate bundle" in str(error):
            return SideRefused(
                f"{self._name} cannot be called: {error}", side=self._side, hint="Correct ca_bundle, or leave it out."
            )
        if call.expired or isinstance(error, requests.Timeout):
            what = f"did not answer within {self._seconds:g} seconds"
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
    side: SideName, *, seconds: float, ca_bundle: str | None = None, max_bytes: int = 64_000_000
) -> requests.Session:
    """A session for one side. ``seconds`` bound each whole call; ``max_bytes`` cap its decoded answer.

    It raises our errors (Unreachable, SideRefused) instead of the library's. It keeps no cookies (Magento's would
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
