"""Makes the demo's folder: settings.yaml with its comments, and secrets for this user alone; edits the settings."""

import difflib
import json
import os
import secrets
from pathlib import Path

from ruamel.yaml import YAML

_SECRETS = (
    "magento_consumer_key",
    "magento_consumer_secret",
    "magento_access_token",
    "magento_access_token_secret",
    "salesforce_client_id",
    "salesforce_client_secret",
)
_SETTINGS = """\
# The demo's settings. An edit takes effect at the next poll, without a restart.

invoices:
  enable_synchronization: true            # false: nothing is sent
  enable_automatic_synchronization: true  # false: only by hand
  synchronize_notes: true                 # comments become notes

schedule:
  poll_interval: 1s                       # 60s where it is not a show

magento:
  base_url: {magento}

salesforce:
  login_url: {salesforce}

state:
  path: {state}

console:
  listen: null                            # no metrics over HTTP in a show
"""


class Folder:
    """The files of the demo's daemon."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "settings.yaml"
        self.state = path / "state.db"
        self.log = path / "daemon.log"
        self.secrets = {name: secrets.token_hex(16) for name in _SECRETS}

    def furnish(self, *, magento: str, salesforce: str) -> None:
        """Write settings and secrets for these two addresses."""
        self.settings.write_text(
            _SETTINGS.format(magento=magento, salesforce=salesforce, state=json.dumps(str(self.state))),
            encoding="utf-8",
        )
        place = self.path / "secrets"
        place.mkdir(mode=0o700)
        for name, value in self.secrets.items():
            handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(value)

    def edit(self, section: str, key: str, value: object) -> list[str]:
        """Set one key and keep all comments; return the changed lines of a diff."""
        return edit_file(self.settings, section, key, value)


def edit_file(path: Path, section: str, key: str, value: object) -> list[str]:
    """Set one key of a YAML file and leave the rest alone; return the changed lines, each with - or +."""
    before = path.read_text(encoding="utf-8")
    yaml = YAML(typ="rt")
    yaml.width = 4096  # long lines stay as they are
    yaml.preserve_quotes = True
    yaml.representer.add_representer(type(None), lambda as_, _: as_.represent_scalar("tag:yaml.org,2002:null", "null"))
    tree = yaml.load(before)
    tree[section][key] = value
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)
    fresh.replace(path)  # in one step: the daemon never reads half a file
    after = path.read_text(encoding="utf-8")
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]
