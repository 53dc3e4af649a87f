"""A machine of its own for a test: a real systemd, booted in a container on a copy-on-write view of this one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
CLONE = "/srv/clone"  # where the machine has what is under test
_BOOT_SECONDS = 30.0

# Of this machine's own services the other one starts none; its state and settings begin empty.
_BOOT = """
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
cd "$1/root"
rm -rf etc/systemd/system/*.wants etc/systemd/system/invoice-sync* etc/invoice-sync* var/lib/invoice-sync* \
    var/lib/private opt/invoice-sync var/log/journal
rm -f etc/machine-id
touch etc/machine-id
mkdir -p srv/clone
exec systemd-nspawn --quiet --boot --directory="$1/root" --machine=invoice-sync-test --register=no --keep-unit \
    --private-network --link-journal=no --console=pipe --bind-ro="$2:/srv/clone" systemd.unit=multi-user.target
"""


def why_not() -> str | None:
    """Why no machine can be booted here; None when one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root can boot a container"
    missing = [name for name in ("systemd-nspawn", "nsenter", "unshare", "setpriv") if shutil.which(name) is None]
    return f"there is no {', '.join(missing)} here" if missing else None


class CannotBootError(Exception):
    """This machine cannot boot another one inside itself."""


class Machine:
    """One booted machine; ``run`` runs a command in it as root."""

    def __init__(self, folder: Path) -> None:
        self.typed: list[str] = []
        self._console = (folder / "console").open("w+b")
        box = folder / "machine"
        box.mkdir()
        # Everything is mounted in a namespace that ends with its last process, so nothing is left whatever happens.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", _BOOT, "sh", str(box), str(ROOT)],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
        try:
            self._leader = self._wait_for(self._find_leader)
            self._wait_for(lambda: self._is_up() or None)
        except BaseException:
            self.close()
            raise

    def run(
        self, *command: str, code: int | None = 0, seconds: float = 60.0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The command's output, once it has ended as it should (``code=None``: however it ends)."""
        done = subprocess.run(
            [*self._enter, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )
        if code is not None and done.returncode != code:
            log = self.run("journalctl", "--no-pager", "--lines=30", code=None).stdout
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{log}")
        return done

    def type(self, line: str, *, code: int | None = 0, seconds: float = 60.0) -> str:
        """What a person types in a shell, as it stands in docs/operating.md; all that it says, to stdout and stderr."""
        self.typed.append(line)
        done = self.run("bash", "-c", f'exec 2>&1; sudo() {{ "$@"; }}; {line}', code=code, seconds=seconds)
        return done.stdout

    def spawn(self, *command: str) -> subprocess.Popen[str]:
        """A command with pipes to it; it ends with the machine at the latest."""
        return subprocess.Popen(
            [*self._enter, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Put a file into the machine, whole at once."""
        script = 'cat > "$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"'
        self.run("sh", "-c", script, "sh", path, mode, stdin=text)

    def close(self) -> None:
        """Power off: its first process is killed, and the kernel ends all others in it."""
        leader = getattr(self, "_leader", None)
        if leader is not None and self._process.poll() is None:
            os.kill(leader, signal.SIGKILL)
        try:
            self._process.wait(10 if leader is not None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._console.close()

    @property
    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._leader), "--all", "--wdns=/"]

    def _find_leader(self) -> int | None:
        """The machine's first process: systemd-nspawn's only child that is a systemd."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        return None

    def _is_up(self) -> bool:
        done = self.run("systemctl", "is-system-running", code=None, seconds=10)
        return done.stdout.strip() in {"running", "degraded"}

    def _wait_for(self, found: Callable[[], T | None]) -> T:
        until = time.monotonic() + _BOOT_SECONDS
        while True:
            try:
                result = found()
            except OSError:
                result = None
            if result is not None:
                return result
            if self._process.poll() is not None or time.monotonic() > until:
                self._console.seek(0)
                said = self._console.read().decode(errors="replace")[-1500:]
                raise CannotBootError(f"no systemd came up in a container: {said}")
            time.sleep(0.05)
