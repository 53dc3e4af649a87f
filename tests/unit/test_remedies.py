"""Every error code that Salesforce is known to give leads to the right thing, with who can fix it."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.salesforce.error_codes import CATALOGUE
from daemon.salesforce.remedies import RecordError, remedy_for
from daemon.salesforce.remedy import Next
from daemon.salesforce.sign_in import difference
from daemon.salesforce.sign_in_hints import SIGN_IN, sign_in_hint

_ROOT = Path(__file__).parents[2]
REFERENCE = Path(os.environ.get("INVOICE_SYNC_REFERENCE", _ROOT.parent / "shared" / "reference")) / "salesforce.md"

# salesforce.md A10, the codes that a record's node can have
KNOWN = {
    Next.AGAIN: (
        "API_CURRENTLY_DISABLED", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        "TXN_SECURITY_METERING_ERROR", "PROCESSING_HALTED", "REQUEST_LIMIT_EXCEEDED",
    ),
    Next.PAUSE: (
        "API_DISABLED_FOR_ORG", "TXN_SECURITY_NO_ACCESS", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY",
        "STORAGE_LIMIT_EXCEEDED", "INVALID_TYPE", "NOT_FOUND",
    ),
    Next.ASIDE: (
        "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID", "REQUIRED_FIELD_MISSING", "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "STRING_TOO_LONG", "NUMBER_OUTSIDE_VALID_RANGE", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE", "JSON_PARSER_ERROR", "MALFORMED_ID", "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER",
        "APEX_ERROR", "INVALID_EMAIL_ADDRESS", "DUPLICATES_DETECTED", "EXCEEDED_ID_LIMIT",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",  # to one parent, not to the object
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "next_"), [(code, next_) for next_, codes in KNOWN.items() for code in codes])
def test_each_known_code_leads_to_what_it_should(code: str, next_: Next) -> None:
    remedy = remedy_for(RecordError(code, "some words"))
    assert remedy.next is next_
    assert remedy.hint.endswith(".")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_status_passes_whatever_its_code(status: int) -> None:
    assert remedy_for(RecordError("WHO_KNOWS", "", status=status)).next is Next.AGAIN


@pytest.mark.parametrize("code", ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"])
def test_a_trigger_that_ran_into_a_lock_passes_by_itself(code: str) -> None:
    words = "InvoiceTrigger: execution of AfterInsert caused by: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    assert remedy_for(RecordError(code, words)).next is Next.AGAIN


def test_a_code_that_nobody_knows_sets_the_record_aside() -> None:
    remedy = remedy_for(RecordError("BRAND_NEW", "words"))
    assert remedy.next is Next.ASIDE
    assert "administrator" in remedy.hint


def test_an_error_reads_as_code_message_and_fields() -> None:
    assert str(RecordError("X", "m", ("A__c", "B__c"))) == "X: m [A__c, B__c]"
    assert str(RecordError("X", "m")) == "X: m"


def test_records_refused_for_one_cause_have_one_cause() -> None:
    one = RecordError("FIELD_X", "value 1 is bad", ("B__c", "A__c"))
    assert one.cause == RecordError("FIELD_X", "value 2 is bad", ("A__c", "B__c")).cause
    assert one.cause != RecordError("FIELD_X", "value 1 is bad", ("A__c",)).cause


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_each_sentence_says_what_to_do_or_that_it_is_tried_again(code: str) -> None:
    remedy = CATALOGUE[code]
    assert remedy.hint.endswith(".")
    if remedy.next is not Next.AGAIN:
        assert re.search(r"Setup >|settings\.yaml|proxy|recycle bin|in Magento", remedy.hint), remedy.hint


def test_a_refused_sign_in_is_told_by_code_and_description() -> None:
    run_as = sign_in_hint("invalid_grant", "no client credentials user enabled")
    assert run_as is not None
    assert "run-as user" in run_as
    domain = sign_in_hint("invalid_grant", "request not supported on this domain")
    assert domain is not None
    assert "My Domain" in domain
    assert sign_in_hint("invalid_grant", "something new") is not None
    assert sign_in_hint("brand_new", "words") is None


@pytest.mark.parametrize("auth", ["client_credentials", "jwt_bearer"])
@pytest.mark.parametrize(
    ("description", "place"),
    [
        ("expired password", "Password Policies"),
        ("invalid login hours", "Login Hours"),
        ("ip restricted", "Login IP Ranges"),
        ("user is frozen", "unfreeze"),
        ("user locked out", "unlock"),
    ],
)
def test_what_keeps_the_user_out_is_told_whichever_way_it_signs_in(auth: str, description: str, place: str) -> None:
    assert place in str(sign_in_hint("invalid_grant", description, auth))


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=1), "1 second ahead of"),
        (timedelta(seconds=-150), "150 seconds behind"),
        (timedelta(minutes=61), "61 minutes ahead of"),
        (timedelta(hours=-5), "5 hours behind"),
        (timedelta(days=-9), "9 days behind"),
    ],
)
def test_how_far_two_clocks_are_apart_is_said_in_a_unit_that_fits(ahead: timedelta, words: str) -> None:
    assert difference(ahead) == words


@pytest.mark.skipif(not REFERENCE.exists(), reason="the collected facts are not beside this repository")
def test_the_catalogue_knows_every_code_of_the_collected_facts() -> None:
    text = REFERENCE.read_text()
    errors = text[text.index("## A10.") : text.index("## A11.")]
    codes = set(re.findall(r"^\|([^|]+)\|", errors, re.MULTILINE))
    named = {code for cell in codes for code in re.findall(r"\b[A-Z]{3,}(?:_[A-Z]+)+\b", cell)} - {"ON_HOLD"}
    assert len(named) > 30
    assert named - set(CATALOGUE) == set()
    sign_in = text[text.index("Pairs seen:") : text.index("Expired/revoked session")]
    kinds = {
        kind
        for cell in re.findall(r"^\|([^|]+)\|", sign_in, re.MULTILINE)
        for kind in re.findall(r"[a-z]+(?:_[a-z]+)+", cell)
    }
    assert len(kinds) > 6
    assert kinds - set(SIGN_IN) == set()
