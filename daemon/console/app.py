"""Defines the pages: /metrics for Prometheus; /livez, /readyz and /healthz for restarting and watching the daemon."""

import sqlite3
from collections.abc import Callable
from importlib.resources import files
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, request

from daemon.clock import SystemClock
from daemon.console.health import Health, Pulse, health_of
from daemon.console.server import is_path
from daemon.metrics import CONTENT_TYPE, Metrics
from daemon.settings import Configuration
from state.errors import StateError
from state.store import Store


def _is_ours(host: str) -> bool:
    """Return whether a Host header names this machine: by an address, or as localhost."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name) is not None
    except ValueError:
        return False


def _require_our_name(listen: str, host: str | None) -> None:
    """Answer 421 to a Host header that does not name this machine.

    A web page that a browser on this machine shows can make its own host name lead here. It cannot do so with an
    address of digits, which is looked up nowhere, and it cannot call a Unix socket. A call without a Host header
    comes from no browser: browsers always send one.
    """
    if not is_path(listen) and host is not None and not _is_ours(host):
        abort(Response("This host name is not served here.\n", 421, content_type="text/plain"))


def _health(pulse: Pulse, configuration: Configuration, open_state: Callable[[], Store]) -> Health:
    """Return the health of the sync; without a readable state the sync is degraded."""
    now = SystemClock().now()
    try:
        with open_state() as store:
            return health_of(pulse, configuration.settings, store, now)
    except (StateError, sqlite3.Error):
        return health_of(pulse, configuration.settings, None, now)


def create_app(
    pulse: Pulse, metrics: Metrics, configuration: Callable[[], Configuration], open_state: Callable[[], Store]
) -> Flask:
    """Return the application. All of its pages only read."""
    app = Flask("invoice-sync")

    @app.before_request
    def require_our_name() -> None:
        _require_our_name(configuration().settings.console.listen or "", request.headers.get("Host"))

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.exposed(), content_type=CONTENT_TYPE)

    @app.get("/livez")
    def show_life() -> tuple[str, int]:
        return ("ok\n", 200) if pulse.is_alive(configuration().settings) else ("stuck\n", 503)

    @app.get("/readyz")
    def show_readiness() -> tuple[str, int]:
        return ("ok\n", 200) if pulse.begun else ("starting\n", 503)

    @app.get("/healthz")
    def show_health() -> tuple[Response, int]:
        health = _health(pulse, configuration(), open_state)
        return jsonify({"status": health.status, **health.report}), 503 if health.status == "stuck" else 200

    @app.get("/alerts.yaml")
    def show_alerts() -> Response:
        rules = files("daemon.console").joinpath("alerts.yaml").read_text(encoding="utf-8")
        return Response(rules, content_type="text/plain; charset=utf-8")

    return app
