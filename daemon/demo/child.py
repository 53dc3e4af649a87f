"""The real commands as processes of their own: the daemon, always ended, and those that a person types."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import daemon
from daemon.demo.failure import DemoFailed
from daemon.demo.folder import Folder
from daemon.demo.interrupts import held_back

_END_SECONDS = 10
_COMMAND_SECONDS = 60
# What would point our processes at somebody else's settings, secrets, state or log.
_FOREIGN = ("INVOICE_SYNC_", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_")


class DaemonProcess:
    """``invoice-sync run``, with its log in a file."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.log.touch()

    @property
    def pid(self) -> int | None:
        """Its process id while there is one."""
        return self._process.pid if self._process else None

    def start(self, **variables: str) -> None:
        """Start it, in a process group of its own: a Ctrl-C is for us, who then end it in order.

        The pipe that is its stdin closes when this process is gone, however it ends; then the daemon ends too.
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
        """End it as an operator does; if it does not end, by force. Its exit code, 0 when there was none to end."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self._gone()

    def died(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal, once it ended by itself; None when it did not within this time."""
        assert self._process is not None, "it was started"
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return self._gone()

    def require_alive(self) -> None:
        """DemoFailed when it ended by itself."""
        code = self._process.poll() if self._process else None
        if code is not None:
            raise DemoFailed(f"the daemon ended by itself, with exit code {code}")

    def mark(self) -> int:
        """Where its log ends now."""
        return self._folder.log.stat().st_size

    def said(self, event: str, *, since: int) -> bool:
        """Whether the log has this event behind the mark."""
        return any(found.get("event") == event for found in self._events(since))

    def last_lines(self, number: int) -> str:
        """The end of its log."""
        return "\n".join(self._folder.log.read_text(encoding="utf-8", errors="replace").splitlines()[-number:])

    def _gone(self) -> int:
        assert self._process is not None
        code = self._process.returncode
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        return code

    def _events(self, since: int) -> list[dict[str, Any]]:
        with self._folder.log.open("rb") as file:
            file.seek(since)
            lines = file.read().split(b"\n")[:-1]  # what follows the last line break is not written to its end yet
        return [json.loads(line) for line in lines if line.startswith(b"{")]


def run_command(folder: Folder, *words: str) -> str:
    """A command as a person would type it in the folder; what it wrote. DemoFailed when it does not exit with 0."""
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
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise DemoFailed(f"`invoice-sync {line}` ended with exit code {process.returncode}: {output.strip()}")
    return output


def environment() -> dict[str, str]:
    """Ours, without what belongs to another installation, and with this very package, wherever it is started."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    home = str(Path(daemon.__file__).parent.parent)
    ours["PYTHONPATH"] = os.pathsep.join(filter(None, (home, ours.get("PYTHONPATH"))))
    ours["PYTHONUTF8"] = "1"
    return ours


def _words(folder: Folder, *words: str, module: str = "daemon") -> list[str]:
    return [sys.executable, "-m", module, *words, "--settings", str(folder.settings)]
