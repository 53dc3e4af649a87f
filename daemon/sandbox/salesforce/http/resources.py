"""Leads a call to the resource of its address."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.sandbox.salesforce.http import describe, metadata
from daemon.sandbox.salesforce.http.graph import answer_graphs
from daemon.sandbox.salesforce.http.graph_limits import parse_graphs
from daemon.sandbox.salesforce.http.options import Options
from daemon.sandbox.salesforce.http.pages import Cursors, batch_size
from daemon.sandbox.salesforce.http.query import run_query
from daemon.sandbox.salesforce.http.records import RecordCall, answer_record
from daemon.sandbox.salesforce.http.wire import Answer, decode_object
from daemon.sandbox.salesforce.org import ApiError
from daemon.sandbox.salesforce.org.errors import not_found

MAX_GRAPH_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call below `/services/data/<version>`, with each segment of its path decoded by itself.

    `parts` are the parts of a multipart body, by name.
    """

    method: str
    version: str
    path: list[str]
    arguments: Mapping[str, str]
    query_options: str
    data: bytes
    parts: Mapping[str, bytes] = field(default_factory=dict)


def answer_call(options: Options, cursors: Cursors, call: Call) -> Answer:
    """Return the answer of the call's resource."""
    _demand_version(call.version)
    match call.method, call.path:
        case "GET", []:
            return describe.list_resources(call.version)
        case "GET", ["limits"]:
            return describe.list_limits(options)
        case "GET", ["sobjects"]:
            return describe.list_objects(options.org, call.version)
        case "GET", ["sobjects", name, "describe"]:
            return describe.describe_object(options.org, name, call.version)
        case _, ["sobjects", _, *_] if len(call.path) <= 4:
            body = decode_object(call.data) if call.method in {"POST", "PATCH"} else {}
            time.sleep(options.seconds_per_record)
            record_call = RecordCall(call.version, call.method, call.path[1:], body, call.arguments)
            return answer_record(options.org, record_call)
        case "POST", ["composite", "graph"]:
            return _answer_graph_call(options, call)
        case "POST", ["metadata", "deployRequest"]:
            return metadata.start(options.org, call.parts)
        case "GET", ["metadata", "deployRequest", deployment_id]:
            details = call.arguments.get("includeDetails") == "true"
            return metadata.ask(options.org, deployment_id, details=details)
        case "GET", ["query"]:
            found = run_query(options.org, call.arguments.get("q", ""), call.version)
            batch = batch_size(call.query_options, options.query_batch)
            return cursors.open(found, batch, call.version)
        case "GET", ["query", locator]:
            return cursors.follow(locator, call.version)
    raise not_found()


def _answer_graph_call(options: Options, call: Call) -> Answer:
    if len(call.data) > MAX_GRAPH_BYTES:
        message = f"The request body is too large: {len(call.data)} bytes, at most {MAX_GRAPH_BYTES} are allowed"
        raise ApiError("REQUEST_ENTITY_TOO_LARGE", message, fields=None, status=413)
    graphs = parse_graphs(decode_object(call.data))
    if options.seconds_per_record:
        time.sleep(options.seconds_per_record * sum(len(graph.nodes) for graph in graphs))
    return answer_graphs(options.org, graphs)


def _demand_version(version: str) -> None:
    number, _, rest = version.removeprefix("v").partition(".")
    if not version.startswith("v") or not number.isdigit() or rest != "0":
        raise not_found()
    if int(number) <= 30:
        message = f"API version {number}.0 has been retired"
        raise ApiError("UNSUPPORTED_API_VERSION", message, fields=None, status=410)
    if not describe.OLDEST_VERSION <= int(number) <= describe.NEWEST_VERSION:
        raise not_found()
