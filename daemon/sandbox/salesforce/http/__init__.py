"""A small Salesforce over HTTP: signs in, meters calls, and answers like the real one."""

from daemon.sandbox.salesforce.http.app import create_app
from daemon.sandbox.salesforce.http.options import Options

__all__ = ["Options", "create_app"]
