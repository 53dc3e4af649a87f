"""Faults in an app's calls: the plans for them, and the ways to fail."""

from daemon.sandbox.calls import Call, CallLog
from daemon.sandbox.faults.plans import Faults, Plan, install
from daemon.sandbox.faults.ways import (
    Fault,
    big,
    drip,
    drop,
    garble,
    hang,
    hang_after,
    late_commit,
    latency,
    longer_than,
    lost,
    reset,
    status,
    truncate,
)

__all__ = [
    "Call",
    "CallLog",
    "Fault",
    "Faults",
    "Plan",
    "big",
    "drip",
    "drop",
    "garble",
    "hang",
    "hang_after",
    "install",
    "late_commit",
    "latency",
    "longer_than",
    "lost",
    "reset",
    "status",
    "truncate",
]
