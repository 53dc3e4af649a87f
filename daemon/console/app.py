"""The pages: /metrics for Prometheus, /livez, /readyz and /healthz for whoever restarts or watches the daemon."""

from collections.abc import Callable
from contextlib import ExitStack
from importlib.resources import files
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, request

from daemon.clock import SystemClock
from daemon.console.health import Pulse, health_of
from daemon.metrics import CONTENT_TYPE, Metrics
from daemon.settings import Configuration
from state.errors import StateError
from state.store import Store

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def create_app(
    pulse: Pulse, metrics: Metrics, configuration: Callable[[], Configuration], open_state: Callable[[], Store]
) -> Flask:
    """The application; nothing in it changes anything."""
    app = Flask("invoice-sync")

    @app.before_request
    def require_our_name() -> None:
        """A page on the web that a browser here shows can name any host; only ours is answered."""
        listen = configuration().settings.console.listen or ""
        if urlsplit(f"//{request.host}").hostname not in _THIS_MACHINE | {urlsplit(f"//{listen}").hostname}:
            abort(Response("This host name is not served here.\n", 421, content_type="text/plain"))

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
        with ExitStack() as stack:
            try:
                store = stack.enter_context(open_state())
            except StateError:
                store = None
            health = health_of(pulse, configuration().settings, store, SystemClock().now())
        return jsonify({"status": health.status, **health.report}), 503 if health.status == "stuck" else 200

    @app.get("/alerts.yaml")
    def show_alerts() -> Response:
        rules = files("daemon.console").joinpath("alerts.yaml").read_text(encoding="utf-8")
        return Response(rules, content_type="text/plain; charset=utf-8")

    return app
