"""What this machine is told over HTTP: metrics and health, on ``console.listen``."""

from daemon.console.health import Pulse
from daemon.console.server import Console

__all__ = ["Console", "Pulse"]
