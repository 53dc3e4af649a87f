"""From an empty org and a new folder to the first invoice by the README alone; and an org that somebody changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from daemon.sandbox.salesforce.org import STANDARD_OBJECTS, Org
from tests.world import SECRETS, World

ROOT = Path(__file__).parents[2]
INVOICE, ITEM = "Magento_Invoice__c", "Magento_Invoice_Item__c"


class Stranger:
    """Somebody with a shop, an org and an empty folder, who types commands into a shell there."""

    def __init__(self, folder: Path) -> None:
        (folder / "world").mkdir()
        self.world = World(folder / "world", org=Org(STANDARD_OBJECTS)).start()
        self.world.org.polls_until_done = 1
        self.folder = folder / "new"
        self.folder.mkdir()

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The real command, with nobody at a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "daemon", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(self.folder / "state")},
        )

    def begins(self) -> subprocess.CompletedProcess[str]:
        """``init``, and the secrets where it says that they belong."""
        world = self.world
        urls = ["--magento-url", world.magento_server.url, "--salesforce-url", world.salesforce_server.url]
        done = self.types("init", *urls)
        for name in re.findall(r"^  (\w+)$", done.stdout, re.MULTILINE):
            secret = self.folder / "secrets" / name
            secret.write_text(SECRETS[name])
            secret.chmod(0o600)
        return done


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    somebody = Stranger(tmp_path)
    yield somebody
    somebody.world.stop()


def commands_of_the_first_run() -> list[str]:
    """What the README's chapters have its reader type who runs it for himself, without sudo."""
    readme = (ROOT / "README.md").read_text()
    chapters = [readme.split(f"\n## {name}", 1)[1].split("\n## ", 1)[0] for name in ("Install", "First sync")]
    return re.findall(r"^\$ invoice-sync (.*)$", "".join(chapters), re.MULTILINE)


def test_the_readmes_first_run_leads_from_nothing_to_every_invoice(stranger: Stranger) -> None:
    typed = commands_of_the_first_run()
    assert typed == ["init", "check", "salesforce setup", "check", "run --once", "invoices", "run"]
    world, org = stranger.world, stranger.world.org
    world.invoice(comment="hello")
    world.invoice()
    begun = stranger.begins()
    assert begun.returncode == 0, begun.stderr
    done = [stranger.types(*words.split()) for words in typed[1:-1]]
    assert [one.returncode for one in done] == [78, 0, 0, 0, 0], (
        "the first check finds the org empty; the second nothing"
    )
    first, created, second, _, grid = done
    assert first.stdout.count("Run `invoice-sync salesforce setup`") == 3, "one for each object"
    assert "org Sandbox" in created.stdout.splitlines()[0]
    assert "Next: `invoice-sync check`" in created.stdout.splitlines()[-1]
    assert "0 errors, 0 warnings" in second.stdout
    assert grid.stdout.count("\tsynced\t") == 2
    assert world.compared().equal, world.compared()
    deployments, before = len(org.deployments), dict(org.objects)
    again = stranger.types("salesforce", "setup")
    assert again.returncode == 0, again.stderr
    assert (len(org.deployments), dict(org.objects)) == (deployments, before), "setup again changes nothing"


@dataclass(frozen=True)
class Spoiled:
    """What somebody does to the org; what ``check`` says of it, and whether setup puts it right."""

    spoil: Callable[[Org], object]
    named: str
    said: str
    mended: bool = True


def rename(org: Org) -> None:
    fields = org.objects[INVOICE].fields
    org._change_fields(INVOICE, [replace(f, name="Total__c") if f.name == "Grand_Total__c" else f for f in fields])


def grant(org: Org, name: str, right: str | None) -> None:
    """Take this right, or all of them, from the permission set's grant of a field."""
    content = org.permission_set("Magento_Invoice_Sync").content
    (found,) = (part for part in content if part.findtext("field") == name)
    if right is None:
        content.remove(found)
    else:
        taken = found.find(right)
        assert taken is not None
        taken.text = "false"


SPOILED = {
    "removed": Spoiled(lambda org: org.remove_field(ITEM, "SKU__c"), f"{ITEM}.SKU__c", "does not exist"),
    "renamed": Spoiled(rename, f"{INVOICE}.Grand_Total__c", "does not exist"),
    "read-only": Spoiled(lambda org: grant(org, f"{INVOICE}.Tax__c", "editable"), f"{INVOICE}.Tax__c", "is read-only"),
    "hidden": Spoiled(
        lambda org: grant(org, f"{INVOICE}.Subtotal__c", None), f"{INVOICE}.Subtotal__c", "cannot see it"
    ),
    "not unique": Spoiled(
        lambda org: org.change_field(INVOICE, "Magento_Id__c", unique=False), f"{INVOICE}.Magento_Id__c", "not unique"
    ),
    "shortened": Spoiled(
        lambda org: org.change_field(INVOICE, "Sync_Fingerprint__c", length=20),
        f"{INVOICE}.Sync_Fingerprint__c",
        "has room for 20 characters, and all values have 32",
        mended=False,  # a length is the org's own
    ),
}


def test_check_names_what_somebody_did_to_the_org_nothing_is_sent_and_setup_mends_what_it_may(
    stranger: Stranger,
) -> None:
    world, org = stranger.world, stranger.world.org
    world.invoice(comment="hello")
    stranger.begins()
    stranger.types("salesforce", "setup")
    for way, spoiled in SPOILED.items():
        spoiled.spoil(org)
        checked = stranger.types("check")
        assert checked.returncode == 78, way
        (line,) = (line for line in checked.stdout.splitlines() if line.startswith("error"))  # the one before is mended
        assert f"objects: {spoiled.named}: " in line
        assert spoiled.said in line
        assert ("salesforce setup" in line) == spoiled.mended, "a person is sent to setup for what it mends"
        ran = stranger.types("run", "--once")
        assert ran.returncode == 78, way
        assert spoiled.named in ran.stderr
        assert org.counts()[INVOICE] == 0, "nothing is sent"
        assert stranger.types("salesforce", "setup").returncode == 0
    org.change_field(INVOICE, "Sync_Fingerprint__c", length=32)  # what setup leaves to a person
    assert stranger.types("check").returncode == 0
    assert stranger.types("run", "--once").returncode == 0
    assert world.compared().equal, world.compared()
