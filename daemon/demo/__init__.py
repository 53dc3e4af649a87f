"""``invoice-sync demo``: shows the daemon at work on a shop and an org inside this process."""

import sys

import click


def _seconds(_context: click.Context, _option: click.Parameter, text: str) -> float:
    from daemon.settings.kinds import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}") from None


@click.command(
    epilog="\b\nExamples:\n  invoice-sync demo\n  invoice-sync demo --for 60s     customers go on buying afterwards\n"
    "  invoice-sync demo --quick       for a machine: no pauses\n"
    "  invoice-sync demo --drill       kills the daemon at every step; with --quick at fewer"
)
@click.option(
    "--for",
    "longer",
    metavar="DURATION",
    default="0s",
    callback=_seconds,
    help="Let customers go on for so long after the story: 60s, 5m.",
)
@click.option("--quick", is_flag=True, help="Without pauses, and with fewer steps of a drill.")
@click.option("--drill", is_flag=True, help="Kill the daemon and lose answers at every step of a pass instead.")
@click.option("--keep", is_flag=True, help="Keep the folder with settings, state and log.")
def demo(longer: float, quick: bool, drill: bool, keep: bool) -> int:
    """Watch the daemon at work between a little shop and a little org, both inside this command.

    Exits with 0 only if both sides agree at the end.
    """
    from daemon.demo.show import play, play_drill

    if drill and longer:
        raise click.UsageError("--drill has its own length: leave out --for")
    if drill:
        return play_drill(quick=quick, keep=keep)
    return play(longer, paced=not quick and sys.stdout.isatty(), keep=keep)
