"""The documents say what the code does."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from daemon.__main__ import all_commands
from daemon.man import pages
from daemon.settings import load
from daemon.settings.schema import Settings
from daemon.settings.secrets import _NEEDED
from tests.world import SECRETS, World

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
README, OPERATING, SETTINGS = DOCS["README.md"], DOCS["operating.md"], DOCS["settings.md"]
EVERY = "\n".join(DOCS.values())
GUARANTEES = (ROOT / "GUARANTEES.md").read_text()
SHIPPED = (ROOT / "settings.yaml").read_text()


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= keys(field.annotation, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def test_settings_yaml_names_every_key_with_its_default_and_a_comment(tmp_path: Path) -> None:
    shipped = flat(YAML(typ="safe").load(SHIPPED))
    assert set(shipped) == keys(Settings)
    bare = tmp_path / "settings.yaml"
    bare.write_text(
        "magento: {base_url: 'https://shop.example.com'}\nsalesforce: {login_url: 'https://example.my.salesforce.com'}\n"
    )
    environ = {f"INVOICE_SYNC_{name.upper()}": value for name, value in SECRETS.items()}
    assert load(ROOT / "settings.yaml", environ).settings == load(bare, environ).settings
    for line in SHIPPED.splitlines():
        if re.match(r"\s+\w+: \S", line):
            assert "  # " in line or " # " in line, f"no word about: {line}"


def test_init_writes_what_is_shipped() -> None:
    assert (ROOT / "daemon" / "settings" / "settings.yaml").read_text() == SHIPPED


def test_the_docs_show_settings_yaml_as_it_is_shipped() -> None:
    assert SHIPPED[SHIPPED.index("invoices:") :] in SETTINGS


def test_the_readme_names_the_three_flags_and_is_short() -> None:
    for flag in ("enable_synchronization", "enable_automatic_synchronization", "synchronize_notes"):
        assert f"`invoices.{flag}`" in README
        assert f"`invoices.{flag}` | `true`" in SETTINGS
    assert len(README.encode()) <= 10_000


def names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return {str(name) for name in value} | {name for inner in value.values() for name in names_in(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in names_in(inner)}
    return set()


def test_the_docs_name_every_field_of_every_json(world: World) -> None:
    entity_id = world.invoice(comment="hello")
    number = str(world.shop.invoices.row(entity_id)["increment_id"])
    world.invoice()
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] != number, "that one fails, for its field names")
    world.run_once()
    for arguments in (
        ["check"],
        ["invoices"], ["status"], ["history"], ["explain", number], ["sync", number], ["sync", number, "--dry-run"]
    ):  # fmt: skip
        done = world.command(*arguments, "--json")
        assert done.returncode == (3 if arguments == ["status"] else 0), done.stderr  # one has failed
        missing = {name for name in names_in(json.loads(done.stdout)) if f"`{name}`" not in DOCS["json.md"]}
        assert not missing, f"{arguments}: {missing}"


def commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}

    def walk(group: click.Group, prefix: str) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found[f"{prefix}{name}"] = command
            if isinstance(command, click.Group):
                walk(command, f"{prefix}{name} ")

    walk(all_commands(), "")
    return found


def test_the_readme_and_the_docs_name_every_command_and_no_other() -> None:
    known = {name for name, command in commands().items() if not isinstance(command, click.Group)}
    for name in known:
        assert f"`invoice-sync {name}" in README
        assert f"| `invoice-sync {name}" in OPERATING
    typed = set(re.findall(r"(?:\$ |`|sudo )invoice-sync (\w+)", EVERY))
    assert typed - {"COMMAND"} <= {name.split()[0] for name in known}


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^ *\$ (?:sudo )?(invoice-sync .*)$", EVERY, re.MULTILINE))))
def test_every_example_of_the_docs_can_be_typed(line: str) -> None:
    parse(shlex.split(line)[1:], line)


def parse(words: list[str], line: str) -> None:
    """Let the command itself read the words."""
    command: click.Command = all_commands()
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    command.make_context(line, words, resilient_parsing=False)


def test_the_docs_name_every_option_that_a_command_has() -> None:
    for name, command in commands().items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in {"help", "version"}:
                assert parameter.opts[-1] in OPERATING + SETTINGS, f"{name} {parameter.opts[-1]}"


def test_the_man_page_names_every_command_and_option_and_is_good_roff() -> None:
    page = pages()
    plain = page.replace("\\-", "-")
    for name, command in commands().items():
        if not isinstance(command, click.Group):
            assert f".SS invoice-sync {name}" in plain
            for parameter in command.params:
                assert isinstance(parameter, click.Argument) or parameter.opts[-1] in plain
    for word in ("/etc/invoice-sync/settings.yaml", "75 try again later", "NUMBER"):
        assert word in plain
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-z"],
            input=page,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_docs_name_every_secret_that_is_asked_for() -> None:
    for names in _NEEDED.values():
        for name in names:
            assert f"`{name}`" in SETTINGS


def test_the_docs_name_every_exit_code_and_sync_status() -> None:
    for code in ("0", "1", "2", "3", "75", "78"):
        assert f"| {code} |" in OPERATING
    for status in ("pending", "synced", "held", "skipped", "failed"):
        assert f"| `{status}` |" in OPERATING


def test_the_mapping_example_is_one_that_is_taken(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(salesforce:.*?)```", SETTINGS, re.DOTALL)
    assert example is not None
    document = YAML(typ="safe").load(example[1])
    document["salesforce"]["login_url"] = "https://example.my.salesforce.com"
    document["magento"] = {"base_url": "https://shop.example.com"}
    settings = Settings.model_validate(document)
    assert settings.salesforce.invoice.fields["Billing_Address__c"] is None


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"$ make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_docs_explain_every_alert_and_every_metric_that_one_uses() -> None:
    rules = (ROOT / "daemon" / "console" / "alerts.yaml").read_text()
    for name in re.findall(r"alert: (\w+)", rules):
        assert f"| `{name}` |" in OPERATING
    for name in set(re.findall(r"invoice_sync_\w+", rules)):
        assert name in OPERATING


# The commands that a text names: between backticks, or after a prompt.
NAMED = re.compile(r"`((?:invoice-sync|make) [^`\n]+)`|^\$ ((?:invoice-sync|make) .*)$", re.MULTILINE)


@pytest.mark.parametrize("line", sorted({a or b for a, b in NAMED.findall(GUARANTEES)}))
def test_every_command_that_the_guarantees_name_can_be_typed(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        for assignment in words[2:]:
            assert f"$({assignment.split('=')[0]})" in (ROOT / "Makefile").read_text(), line
        return
    parse(words[1:], line)


def test_the_guarantees_name_every_promise_with_a_way_to_check_it() -> None:
    rows = {
        row[0]: row[1:] for row in re.findall(r"^\| ([IL]\d+) \| (.*) \| (.*) \| (.*) \|$", GUARANTEES, re.MULTILINE)
    }
    assert list(rows) == [*(f"I{number}" for number in range(1, 15)), "L1", "L2", "L3"]
    for name, (promise, rests_on, check) in rows.items():
        assert "**" in promise, name
        assert rests_on, name
        assert NAMED.search(check), f"{name}: no command to check it with"


def test_the_readme_leads_to_the_guarantees_and_to_all_of_docs() -> None:
    for name in ("GUARANTEES.md", *(f"docs/{path.name}" for path in (ROOT / "docs").iterdir())):
        assert f"]({name})" in README


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"(?ms)^ *```.*?^ *```", "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "GUARANTEES.md", "CHANGELOG.md", *sorted(DOCS)[1:]])
def test_every_link_leads_to_a_page_and_to_a_heading_of_it(name: str) -> None:
    page = ROOT / name if (ROOT / name).exists() else ROOT / "docs" / name
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        where, _, anchor = link.partition("#")
        target = page.parent / where if where else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target.read_text()), link


# The messages that docs/troubleshooting.md explains: the longest piece between two dots of each.
QUOTED = re.findall(r"^\| `([^`]+)` \|", DOCS["troubleshooting.md"], re.MULTILINE)


@pytest.mark.parametrize("message", QUOTED)
def test_every_message_of_the_troubleshooting_is_one_of_ours_or_of_a_sides(message: str) -> None:
    part = max((part.strip(" :()") for part in message.split("…")), key=len)
    sources = [path.read_text() for folder in ("daemon", "state") for path in (ROOT / folder).rglob("*.py")]
    assert any(part in re.sub(r'"\n\s*f?"', "", source) for source in sources), part


# Paths of the repository that a page names, each with its extension.
PATHS = re.compile(r"`((?:daemon|state|tests|systemd)/[\w/@.-]+)`")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "GUARANTEES.md", *sorted(DOCS)])
def test_every_file_that_a_page_names_is_there(name: str) -> None:
    page = ROOT / name if (ROOT / name).exists() else ROOT / "docs" / name
    for path in PATHS.findall(page.read_text()):
        assert (ROOT / path).exists(), path


def drawn(heading: str) -> list[str]:
    """Return the lines of the drawing under this heading of docs/architecture.md."""
    chapter = DOCS["architecture.md"].split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return chapter.split("```\n")[1].splitlines()


def paths_of_the_tree() -> set[str]:
    """Return each path that the tree of docs/architecture.md draws; folders end with a slash."""
    found: set[str] = set()
    folders: list[str] = []
    for line in drawn("The tree"):
        depth = (len(line) - len(line.lstrip())) // 2
        folders[depth:] = [line.split()[0]]
        found.add("".join(folders))
    return found


def test_the_tree_of_the_architecture_is_the_one_that_stands() -> None:
    paths = paths_of_the_tree()
    for path in paths:
        assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file(), path
    packages = {file.parent for top in ("daemon", "state") for file in (ROOT / top).rglob("__init__.py")}
    rooms = {f"{package.relative_to(ROOT)}/" for package in packages if len(package.relative_to(ROOT).parts) <= 3}
    inner = {room for room in rooms if room.startswith("daemon/sandbox/") and room.count("/") > 3}
    assert rooms - inner <= paths, "every room has its line"


def test_the_direction_of_the_architecture_is_the_one_that_is_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    places = {
        name.strip().removeprefix("daemon."): number
        for number, layer in enumerate(contracts[0]["layers"])
        for name in layer.split("|")
    }
    drawing = [layer.split("│") for layer in " ".join(drawn("Direction")).split("→") if layer.strip()]
    numbers = [[places[name.strip()] for name in layer] for layer in drawing]
    assert all(len(set(layer)) == 1 for layer in numbers), "siblings are siblings"
    firsts = [layer[0] for layer in numbers]
    assert firsts == sorted(set(firsts)), "and each layer stands above the next"
