"""The Metadata API: deployments over REST, and readMetadata over SOAP, which REST lacks."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from daemon.sandbox.salesforce.http.options import Options
from daemon.sandbox.salesforce.http.wire import Answer, decode_object
from daemon.sandbox.salesforce.org import ApiError, Org
from daemon.sandbox.salesforce.org.deployment import Deployment
from daemon.sandbox.salesforce.org.metadata_xml import Rejected, read_xml, text

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:sf="http://soap.sforce.com/2006/04/metadata"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
_MAX_ZIP = 39_000_000
_MAX_NAMES = 10


def start(org: Org, parts: Mapping[str, bytes]) -> Answer:
    """Answer `POST metadata/deployRequest`.

    The guide calls the part with the options json, jsforce calls it entity_content.
    """
    said = parts.get("json", parts.get("entity_content"))
    if said is None or "file" not in parts:
        raise ApiError("INVALID_MULTIPART_REQUEST", "The request must have the parts json and file", fields=None)
    options = decode_object(said).get("deployOptions")
    if not isinstance(options, dict):
        raise ApiError("JSON_PARSER_ERROR", "deployOptions is missing", fields=None)
    if len(parts["file"]) > _MAX_ZIP:
        raise ApiError("LIMIT_EXCEEDED", "Maximum size of request reached", fields=None)
    if options.get("rollbackOnError") is not True:
        message = "rollbackOnError must be true in a production org"
        raise ApiError("INVALID_OPERATION", message, fields=None)
    deployment = org.start_deployment(parts["file"], check_only=options.get("checkOnly") is True)
    return Answer(201, {"id": deployment.id, "validatedDeployRequestId": None, "deployOptions": options})


def ask(org: Org, deployment_id: str, *, details: bool) -> Answer:
    """Answer `GET metadata/deployRequest/<id>`."""
    found = org.ask_deployment(deployment_id)
    return Answer(200, {"id": found.id, "deployResult": _result(found, details=details)})


def answer_soap(options: Options, data: bytes) -> tuple[int, str]:
    """Return status and body for a SOAP call of the Metadata API; only readMetadata is known."""
    try:
        root = read_xml(data)
        options.demand_session(f"Bearer {root.findtext('Header/SessionHeader/sessionId') or ''}")
        options.meter_call()
        call = root.find("Body/readMetadata")
        if call is None:
            raise ApiError("INVALID_OPERATION", "Unknown operation", fields=None)
        names = [(name.text or "").strip() for name in call.findall("fullNames")]
        if len(names) > _MAX_NAMES:
            raise ApiError("LIMIT_EXCEEDED", f"At most {_MAX_NAMES} names are allowed", fields=None)
        records = options.org.read_metadata(text(call, "type"), names)
    except Rejected as rejected:
        return 500, _fault("soapenv:Client", str(rejected))
    except ApiError as error:
        return 500, _fault(f"sf:{error.code}", f"{error.code}: {error.message}")
    return 200, _ENVELOPE.format(f"<readMetadataResponse><result>{''.join(records)}</result></readMetadataResponse>")


def _fault(code: str, words: str) -> str:
    fault = f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{escape(words)}</faultstring></soapenv:Fault>"
    return _ENVELOPE.format(fault)


def _result(found: Deployment, *, details: bool) -> dict[str, object]:
    over = found.status in {"Succeeded", "Failed"}
    result: dict[str, object] = {
        "id": found.id,
        "checkOnly": found.check_only,
        "done": over,
        "status": found.status,
        "success": found.status == "Succeeded",
        "numberComponentsDeployed": found.total - len(found.failures) if over else 0,
        "numberComponentErrors": len(found.failures),
        "numberComponentsTotal": found.total,
        "rollbackOnError": True,
    }
    if details:
        failures = [
            {
                "componentType": one.type,
                "fullName": one.name,
                "fileName": one.file,
                "problem": one.problem,
                "problemType": "Error",
                "success": False,
            }
            for one in found.failures
        ]
        result["details"] = {"componentFailures": failures, "componentSuccesses": []}
    return result
