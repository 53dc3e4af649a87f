"""A signed-in client of the sandbox's Salesforce that knows nothing of the daemon's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from daemon.sandbox.salesforce.http import Options, create_app
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.server import Server

DATA = "/services/data/v66.0"
INVOICE = "Magento_Invoice__c"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "key", "client_secret": "secret"}


class OrgClient:
    """One session with one sandbox."""

    def __init__(self, url: str, options: Options) -> None:
        self.url = url
        self.options = options
        self.session = requests.Session()
        self.session.trust_env = False

    def sign_in(self, **changes: str) -> requests.Response:
        answer = self.session.post(f"{self.url}/services/oauth2/token", data=CREDENTIALS | changes, timeout=10)
        if answer.ok:
            self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def call(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        url = self.url + (path if path.startswith("/services") else f"{DATA}/{path}")
        return self.session.request(method, url, json=body, timeout=10, **options)

    def upsert(self, external_id: str, **fields: object) -> requests.Response:
        return self.call("PATCH", f"sobjects/{INVOICE}/Magento_Id__c/{external_id}", fields)

    def query(self, text: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("GET", "query", params={"q": text}).json()
        return answer

    def graphs(self, *graphs: dict[str, Any]) -> requests.Response:
        return self.call("POST", "composite/graph", {"graphs": list(graphs)})


@contextmanager
def client_of(org: Org) -> Iterator[OrgClient]:
    """A client of this org, served on loopback while the context lasts."""
    app = create_app(org, client_id="key", client_secret="secret")
    with Server(app) as server:
        client = OrgClient(server.url, app.extensions["salesforce"])
        with client.session:
            client.sign_in()
            yield client


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of an answer that carries one error."""
    (error,) = answer.json()
    return answer.status_code, error["errorCode"]


def graph(graph_id: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": graph_id, "compositeRequest": list(nodes)}


def node(reference: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    url = f"{DATA}/sobjects/{path}"
    return {"method": method, "url": url, "referenceId": reference} | ({} if body is None else {"body": body})
