"""Assembles the small Salesforce as one application."""

import time
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, request

from daemon.sandbox.salesforce.http.describe import list_versions
from daemon.sandbox.salesforce.http.metadata import answer_soap
from daemon.sandbox.salesforce.http.options import Options
from daemon.sandbox.salesforce.http.pages import Cursors
from daemon.sandbox.salesforce.http.record_page import record_page
from daemon.sandbox.salesforce.http.resources import Call, answer_call
from daemon.sandbox.salesforce.http.sign_in import sign_in
from daemon.sandbox.salesforce.http.wire import Answer, encode
from daemon.sandbox.salesforce.org import ApiError, Org

MAX_HEAD = 16_384
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def create_app(
    org: Org,
    *,
    client_id: str,
    client_secret: str,
    instance_url: str | None = None,
    session_seconds: float = 7200,
    api_limit: int = 100_000,
    seconds_per_call: float = 0.0,
    seconds_per_record: float = 0.0,
) -> Flask:
    """Return the HTTP application of an org; `app.extensions["salesforce"]` is its `Options`, for tests to change.

    Without an instance_url a sign-in answers with the host that was called.
    """
    options = Options(
        org,
        client_id,
        client_secret,
        instance_url=instance_url,
        session_seconds=session_seconds,
        api_limit=api_limit,
        seconds_per_call=seconds_per_call,
        seconds_per_record=seconds_per_record,
    )
    app = Flask(__name__, static_folder=None)
    app.extensions["salesforce"] = options
    app.url_map.merge_slashes = False  # an empty external ID makes a wrong address, not the object's
    _add_routes(app, options)
    return app


def _add_routes(app: Flask, options: Options) -> None:
    cursors = Cursors()

    @app.post("/services/oauth2/token")
    def token() -> Response:
        instance_url = options.instance_url or request.host_url.rstrip("/")
        return _response(sign_in(options, request.form, request.authorization, instance_url))

    @app.get("/services/data/")
    @app.get("/services/data")
    def versions() -> Response:
        return _response(list_versions())

    @app.get("/<string(length=18):record_id>")
    def page(record_id: str) -> Response:
        return record_page(options.org, record_id)

    @app.post("/services/Soap/m/<version>")
    def soap(version: str) -> Response:  # noqa: ARG001
        status, body = answer_soap(options, request.get_data())
        return Response(body, status, mimetype="text/xml")

    @app.route("/services/data/<path:_>", methods=METHODS)
    def resource(_: str) -> Response:
        return _answer_metered(options, cursors)


def _answer_metered(options: Options, cursors: Cursors) -> Response:
    """Answer one call of a session; a call without a valid session is not counted, and its answer carries no limit."""
    data = request.get_data()
    parts = {name: value.encode() for name, value in request.form.items()}
    parts |= {name: file.read() for name, file in request.files.items()}
    try:
        _demand_short_head()
        options.demand_session(request.headers.get("Authorization", ""))
    except ApiError as error:
        return _response(Answer.with_error(error))
    try:
        options.meter_call()
        if options.seconds_per_call:
            time.sleep(options.seconds_per_call)
        if data and not (request.is_json or parts) and request.method != "GET":
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be JSON", fields=None, status=415)
        answer = answer_call(options, cursors, _call(data, parts))
    except ApiError as error:
        answer = Answer.with_error(error)
    response = _response(answer)
    response.headers["Sforce-Limit-Info"] = options.limit_info()
    return response


def _call(data: bytes, parts: dict[str, bytes]) -> Call:
    # The address as sent: a decoded "%2F" in an external ID must not become a segment of its own.
    path = urlsplit(request.environ["REQUEST_URI"]).path
    segments = [unquote(segment) for segment in path.removeprefix("/services/data/").rstrip("/").split("/")]
    query_options = request.headers.get("Sforce-Query-Options", "")
    return Call(request.method, segments[0], segments[1:], request.args, query_options, data, parts)


def _demand_short_head() -> None:
    uri = len(request.environ["REQUEST_URI"])
    headers = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    if uri > MAX_HEAD:
        raise ApiError("URI_TOO_LONG", "URI Too Long", fields=None, status=414)
    if uri + headers > MAX_HEAD:
        message = "Request Header Fields Too Large"
        raise ApiError("REQUEST_HEADER_FIELDS_TOO_LARGE", message, fields=None, status=431)


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers), mimetype="application/octet-stream")
    body = b"" if answer.body is None else encode(answer.body)
    response = Response(body, answer.status, dict(answer.headers))
    if answer.body is None:
        response.headers.pop("Content-Type", None)
    else:
        response.headers["Content-Type"] = "application/json;charset=UTF-8"
    return response
