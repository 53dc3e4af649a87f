"""HTTP for both sides: a deadline for each call, limits on answers, no redirects, failures as our errors."""

import io
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from daemon.certificate import shown_certificate
from daemon.errors import SideDenied, Unreachable
from daemon.limits import LIMITS, Limits, decoded_bytes, values_in
from daemon.observer import Observer
from daemon.sockets import CONNECT_SECONDS, POOLS, Call, current
from state.kinds import SideName

_CHUNK = 65_536
_LONGEST_WAIT = 86_400.0

Answers = Counter[tuple[SideName, str]]
"""How many calls each side answered with which status; the status ``none`` stands for no answer."""


class Transport:
    """Opens sessions with one set of limits, and counts the answers to all their calls."""

    def __init__(self, limits: Limits = LIMITS, observer: Observer | None = None) -> None:
        self._limits = limits
        self.observer = observer or Observer()
        self.answers: Answers = Counter()

    def open_session(self, side: SideName, *, seconds: float, ca_bundle: str | None = None) -> requests.Session:
        """Open a session for one side. ``seconds`` bound each whole call.

        The session raises our errors (Unreachable, SideDenied) instead of the library's. It keeps no cookies (Magento's
        would tie calls to a PHP session), reads no .netrc and no proxy settings, and always verifies TLS.
        """
        session = _Session()
        session.trust_env = False  # also keeps REQUESTS_CA_BUNDLE from replacing the bundle that was chosen
        session.verify = ca_bundle or True
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(side, seconds, self._limits, self)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.headers["User-Agent"] = "invoice-sync"
        return session


class _Adapter(HTTPAdapter):
    """Sends one request and reads its whole answer, or raises our error."""

    def __init__(self, side: SideName, seconds: float, limits: Limits, transport: Transport) -> None:
        self._side: SideName = side
        self._seconds = seconds
        self._limits = limits
        self._answers = transport.answers
        self._observer = transport.observer
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(  # type: ignore[override]  # the parent's positional extras are taken by name
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        options.update(stream=True, timeout=(min(CONNECT_SECONDS, self._seconds), self._seconds))
        self._require_plain(options.get("verify"))
        self._observer.call_begins(self._side, request)
        call = Call(self._seconds, partial(self._observer.call_sent, self._side))
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
            self._answers[self._side, code] += 1
        self._observer.call_answered(self._side)
        return response

    def _require_plain(self, bundle: object) -> None:
        """Raise SideDenied where ca_bundle is a pipe or a device, which the library would read without end."""
        if isinstance(bundle, str) and Path(bundle).exists() and not (Path(bundle).is_file() or Path(bundle).is_dir()):
            raise SideDenied(
                f"{self._name} cannot be called: ca_bundle {bundle} is no plain file",
                side=self._side,
                hint="Correct ca_bundle, or leave it out.",
            )

    def _read(self, response: requests.Response) -> None:
        """Read the answer whole; of an error's long answer only the beginning, because its status says enough."""
        limits = self._limits
        most = limits.bytes if response.ok else min(limits.bytes, limits.error_bytes)
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
        # The attribute that `content` would fill, without two more copies of the answer.
        response._content = body.getvalue()  # noqa: SLF001
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        response.encoding = (
            "utf-8"  # both sides' JSON is; some encodings that a header may name take for ever to decode
        )
        if decoded_bytes(response.content, limits.decoded_bytes) > limits.decoded_bytes:
            raise self._too_large(f"{limits.decoded_bytes // 1_000_000} MB once it is decoded")
        if values_in(response.content, limits.values) > limits.values:
            raise self._too_large(f"{limits.values:,} values")

    def _too_large(self, than: str) -> Unreachable:
        return Unreachable(f"{self._name}'s answer is larger than {than}", side=self._side, sent=True, too_much=True)

    @property
    def _name(self) -> str:
        return self._side.capitalize()

    def _explain(self, error: Exception, request: requests.PreparedRequest, call: Call) -> Exception:
        """Return our error for the library's: the side, the kind of failure, and whether the call may have worked."""
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
    """A session without redirects: a token must not travel to another host because an answer points there."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002  (the parent's)
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the answer asks to wait, if any. A date is ignored: the two clocks may differ."""
    text = headers.get("Retry-After", "")
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else None


def _find(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """Return the first error of this kind among the causes, which the HTTP library nests in several ways."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, kind):
            return current
        # A `reason` is an error in the HTTP library, and a word in an SSLError.
        nested = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting += [part for part in nested if isinstance(part, BaseException)]
    return None
