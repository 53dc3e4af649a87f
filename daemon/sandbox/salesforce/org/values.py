"""Turns values of a JSON body into values of fields, or raises Salesforce's error."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from daemon.sandbox.salesforce.org.errors import ApiError
from daemon.sandbox.salesforce.org.ids import normal_id
from daemon.sandbox.salesforce.org.note_html import saved_html
from daemon.sandbox.salesforce.org.schema import Field, FieldType, Value

_BLANKS = "".join(map(chr, range(33)))
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:?\d\d)")
# HTML and Salesforce's mail servers agree on little more than this.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def parse_value(field: Field, raw: object) -> Value:
    """Return the value to store: trimmed, rounded, checked against the field; an empty text is null."""
    if raw is None:
        if field.type == "boolean":
            raise ApiError(
                "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: ", fields=[field.name]
            )
        return None
    return _PARSERS[field.type](field, raw)


def parse_datetime(text: str) -> datetime | None:
    """Return an instant, of either spelling of the REST API, in whole seconds as custom fields keep it; else None."""
    if not _DATETIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def utf16_length(text: str) -> int:
    """Return the length as Salesforce counts it: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text(field: Field, raw: object) -> Value:
    if not isinstance(raw, str) or _SURROGATE.search(raw):
        raise _wrong_type("string", raw)
    text = raw.strip(_BLANKS)
    if utf16_length(text) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {text} (max length={field.length})",
            fields=[field.name],
        )
    return text or None


def _email(field: Field, raw: object) -> Value:
    text = _text(field, raw)
    if text is not None and not _EMAIL.fullmatch(str(text)):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", fields=[field.name])
    return text


def _picklist(field: Field, raw: object) -> Value:
    text = _text(field, raw)
    if text is not None and text not in field.values:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {text}",
            fields=[field.name],
        )
    return text


def _number(field: Field, raw: object) -> Value:
    if raw == "":
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal | str):
        raise _wrong_type("double", raw)
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        raise _wrong_type("double", raw)
    number = Decimal(raw)
    # Checked by magnitude first: rounding 1E+400 would exceed what a Decimal's context can hold.
    whole_digits = field.precision - field.scale
    if number and number.adjusted() >= whole_digits:
        raise _out_of_range(field, number)
    try:
        rounded = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise _out_of_range(field, number) from None
    if rounded and rounded.adjusted() >= whole_digits:
        raise _out_of_range(field, number)
    return rounded + 0  # no negative zero


def _boolean(field: Field, raw: object) -> Value:  # noqa: ARG001  (parsers share one signature)
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false"}:
        return raw.lower() == "true"
    raise _wrong_type("boolean", raw)


def _instant(field: Field, raw: object) -> Value:  # noqa: ARG001
    if raw == "":
        return None
    instant = parse_datetime(raw) if isinstance(raw, str) else None
    # The calendar of Salesforce begins in 1700 and ends in 4000.
    if instant is None or not 1700 <= instant.year <= 4000:
        raise _wrong_type("datetime", raw)
    return instant


def _reference(field: Field, raw: object) -> Value:
    if not isinstance(raw, str):
        raise _wrong_type("string", raw)
    if not raw.strip(_BLANKS):
        return None
    record_id = normal_id(raw)
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {raw}", fields=[field.name])
    return record_id


def _note_content(field: Field, raw: object) -> Value:  # noqa: ARG001
    if not isinstance(raw, str):
        raise _wrong_type("base64", raw)
    try:
        return saved_html(base64.b64decode(raw, validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        raise _wrong_type("base64", raw) from None


_PARSERS: Mapping[FieldType, Callable[[Field, object], Value]] = {
    "id": _reference,
    "string": _text,
    "textarea": _text,
    "url": _text,
    "email": _email,
    "picklist": _picklist,
    "double": _number,
    "boolean": _boolean,
    "datetime": _instant,
    "reference": _reference,
    "base64": _note_content,
}


def _wrong_type(wanted: str, raw: object) -> ApiError:
    token, shown = _token(raw)
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {wanted} from {token} value {shown} or request may be missing a required "
        "field at [line:1, column:2]",
        fields=None,
    )


def _token(raw: object) -> tuple[str, str]:
    match raw:
        case bool():
            return f"VALUE_{str(raw).upper()}", str(raw).lower()
        case int():
            return "VALUE_NUMBER_INT", str(raw)
        case Decimal():
            return "VALUE_NUMBER_FLOAT", str(raw)
        case list():
            return "START_ARRAY", "["
        case dict():
            return "START_OBJECT", "{"
        case _:
            return "VALUE_STRING", str(raw)


def _out_of_range(field: Field, number: Decimal) -> ApiError:
    return ApiError(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{field.label}: value outside of valid range on numeric field: {number}",
        fields=[field.name],
    )
