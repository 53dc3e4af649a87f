"""What the demo says of numbers and edits."""

from pathlib import Path

from daemon.demo.ending import summary
from daemon.demo.folder import Folder
from daemon.sandbox.comparison import Comparison


def furnished(path: Path) -> Folder:
    folder = Folder(path)
    folder.furnish(magento="http://127.0.0.1:1", salesforce="http://127.0.0.1:2")
    return folder


def test_an_edit_changes_one_line_and_keeps_every_comment(tmp_path: Path) -> None:
    folder = furnished(tmp_path)
    before = folder.settings.read_text()
    changed = folder.edit("invoices", "enable_automatic_synchronization", False)
    assert [line[0] for line in changed] == ["-", "+"]
    assert "# false: only by hand" in changed[1]
    folder.edit("invoices", "enable_automatic_synchronization", True)
    assert folder.settings.read_text() == before


def test_the_secrets_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    furnished(tmp_path)
    written = list((tmp_path / "secrets").iterdir())
    assert len(written) == 6
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_the_summary_names_what_is_wrong() -> None:
    assert summary(Comparison(3, 3)) == "In Magento 3, in Salesforce 3, lost 0, doubled 0: both sides agree."
    assert summary(Comparison(3, 2, lost=["main-3"])) == (
        "In Magento 3, in Salesforce 2, lost 1, doubled 0: both sides do NOT agree.\nmain-3"
    )
