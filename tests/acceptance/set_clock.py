"""``python -m tests.acceptance.set_clock run``: invoice-sync on a machine whose wall clock a test sets.

The file named by CLOCK_FILE says by how many seconds it is apart from the real one; the monotonic clock
is the real one.
"""

import os
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import apscheduler.schedulers.base

import daemon.clock
import daemon.scheduler
from daemon.cli import main


class SetDatetime(datetime):
    """A clock that shows the set time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(seconds=float(Path(os.environ["CLOCK_FILE"]).read_text()))


for module in (daemon.clock, daemon.scheduler, apscheduler.schedulers.base):
    setattr(module, "datetime", SetDatetime)  # noqa: B010  (a module's name, not an attribute it declares)

if __name__ == "__main__":
    sys.exit(main())
