"""Serves metrics and health over HTTP on ``console.listen``."""

from daemon.console.health import Pulse
from daemon.console.server import Console

__all__ = ["Console", "Pulse"]
