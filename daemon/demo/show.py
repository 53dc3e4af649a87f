"""Plays the whole show in a folder of its own, and cleans up at every end."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree

import click

from daemon.demo import interrupts
from daemon.demo.acts import be_rejected, clear_state, let_buy, open_shop, switch_off_and_on
from daemon.demo.crowd import let_crowd_in
from daemon.demo.drill import drill
from daemon.demo.ending import close_books
from daemon.demo.failure import DemoFailed
from daemon.demo.folder import Folder
from daemon.demo.narration import Narration
from daemon.demo.stage import Stage, set_up

PREFIX = "invoice-sync-demo-"
_LOG_LINES = 15


def play(longer: float, *, paced: bool, keep: bool) -> int:
    """Play all acts, then ``longer`` seconds more, and return the exit code."""

    def show(stage: Stage) -> bool:
        _act(stage, longer)
        return close_books(stage)

    title = "invoice-sync demo: Magento's invoices go to Salesforce, all on this machine"
    return _on_stage(title, show, paced=paced, keep=keep)


def play_drill(*, quick: bool, keep: bool) -> int:
    """Play the drill, and return the exit code."""
    title = "invoice-sync demo --drill: the daemon is killed, and answers are lost, at every step of a pass"
    return _on_stage(title, partial(drill, quick=quick), paced=False, keep=keep)


def _on_stage(title: str, show: Callable[[Stage], bool], *, paced: bool, keep: bool) -> int:
    narration = Narration(paced=paced)
    narration.title(title)
    with interrupts.ending_in_order(), _folder(keep=keep) as folder, set_up(folder, narration) as stage:
        try:
            return 0 if show(stage) else 1
        except DemoFailed:
            click.echo(f"\nThe end of the daemon's log:\n{stage.daemon.last_lines(_LOG_LINES)}", err=True)
            raise
        finally:
            interrupts.ignore()


def _act(stage: Stage, longer: float) -> None:
    for act in (open_shop, let_buy, be_rejected, switch_off_and_on, clear_state):
        act(stage)
    if longer > 0:
        let_crowd_in(stage, longer)
    with suppress(DemoFailed):  # the summary says it better
        stage.wait(lambda: stage.compared().equal, "both sides agree")


@contextmanager
def _folder(*, keep: bool) -> Iterator[Folder]:
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
    except OSError as error:
        raise DemoFailed(f"no folder can be made for the demo: {error}", hint="Set TMPDIR to one with room.") from None
    try:
        yield Folder(path)
    finally:
        if keep:
            click.echo(f"Kept: {path}", err=True)
        else:
            rmtree(path, ignore_errors=True)
