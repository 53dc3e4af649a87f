"""Runs the real commands as processes of their own: the daemon, always ended in the end, and a person's commands."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import daemon
from daemon.demo.ended import code_of, code_within, kill, terminate
from daemon.demo.failure import DemoFailed
from daemon.demo.folder import Folder
from daemon.demo.interrupts import held_back

_END_SECONDS = 10
_COMMAND_SECONDS = 60
# These variables would point our processes at another installation's settings, secrets, state or log.
_FOREIGN = ("INVOICE_SYNC_", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_")


class DaemonProcess:
    """``invoice-sync run``, with its log in a file."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.log.touch()

    @property
    def pid(self) -> int | None:
        """Return the process id; None while no daemon runs."""
        return self._process.pid if self._process else None

    def start(self, **variables: str) -> None:
        """Start the daemon in a process group of its own: on Ctrl-C this process ends the daemon in order.

        The daemon's stdin is a pipe, which closes when this process ends in any way; then the daemon ends, too.
        """
        with self._folder.log.open("ab") as log, held_back():
            self._process = subprocess.Popen(  # noqa: S603  (our own command)
                _words(self._folder, "run", module="daemon.demo.tied"),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder.path,
                env=environment() | variables,
                process_group=0,
            )

    def stop(self) -> int:
        """End the daemon like an operator, if necessary by force; return its exit code, 0 when no daemon runs."""
        if self._process is None:
            return 0
        return self._gone(terminate(self._process, _END_SECONDS))

    def died(self, seconds: float) -> int | None:
        """Wait for the daemon to end by itself; return its code, negative for a signal, or None after this time."""
        assert self._process is not None, "it was started"
        code = code_within(self._process, seconds)
        return None if code is None else self._gone(code)

    def require_alive(self) -> None:
        """Raise DemoFailed when the daemon ended by itself."""
        code = code_of(self._process) if self._process else None
        if code is not None:
            raise DemoFailed(f"the daemon ended by itself, with exit code {code}")

    def mark(self) -> int:
        """Return the present end of the log."""
        return self._folder.log.stat().st_size

    def said(self, event: str, *, since: int) -> bool:
        """Return whether the log has this event after the mark ``since``."""
        return any(found.get("event") == event for found in self._events(since))

    def last_lines(self, number: int) -> str:
        """Return the end of the log."""
        return "\n".join(self._folder.log.read_text(encoding="utf-8", errors="replace").splitlines()[-number:])

    def _gone(self, code: int) -> int:
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        return code

    def _events(self, since: int) -> list[dict[str, Any]]:
        with self._folder.log.open("rb") as file:
            file.seek(since)
            lines = file.read().split(b"\n")[:-1]  # the text after the last line break is an unfinished line
        return [json.loads(line) for line in lines if line.startswith(b"{")]


def run_command(folder: Folder, *words: str) -> str:
    """Run a command in the folder and return its output; raise DemoFailed when the exit code is not 0."""
    line = " ".join(words)
    process: subprocess.Popen[str] | None = None
    try:
        with held_back():
            process = subprocess.Popen(  # noqa: S603  (our own command)
                _words(folder, *words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder.path,
                env=environment(),
                encoding="utf-8",
                process_group=0,
            )
        output, _ = process.communicate(timeout=_COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"`invoice-sync {line}` did not end within {_COMMAND_SECONDS} s") from None
    finally:
        if process is not None and code_of(process) is None:
            kill(process)
    if process.returncode != 0:
        raise DemoFailed(f"`invoice-sync {line}` ended with exit code {process.returncode}: {output.strip()}")
    return output


def environment() -> dict[str, str]:
    """Return our environment without another installation's variables, and with this very package on its path."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    home = str(Path(daemon.__file__).parent.parent)
    ours["PYTHONPATH"] = os.pathsep.join(filter(None, (home, ours.get("PYTHONPATH"))))
    ours["PYTHONUTF8"] = "1"
    return ours


def _words(folder: Folder, *words: str, module: str = "daemon") -> list[str]:
    return [sys.executable, "-m", module, *words, "--settings", str(folder.settings)]
