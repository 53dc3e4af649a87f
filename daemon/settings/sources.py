"""The settings of a mapping: where the value of each Salesforce field comes from."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from daemon.settings.kinds import Key, Section


class FieldSource(Section):
    """The source of a Salesforce field's value: a path into the invoice, item or order, or a constant."""

    path: Annotated[str, Field(pattern=r"^(invoice|order|item)\.[A-Za-z0-9_.]{1,120}$")] | None = None
    value: str | int | float | bool | None = None


def _parse_source(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, dict):
        later = sorted(set(value) & {"template", "values", "default", "when", "blank", "too_long"})
        if later:
            raise ValueError(f"is not built yet: {', '.join(later)}; write a path or a constant value")
        if ("path" in value) == ("value" in value):
            raise ValueError("needs either path or value")
    return value


def _check_parents(fields: dict[str, FieldSource | None]) -> dict[str, FieldSource | None]:
    parents = [field.partition(".")[0] for field in fields if "." in field]
    twice = sorted({parent for parent in parents if parents.count(parent) > 1})
    if twice:
        raise ValueError(f"set {twice[0]} by two keys; a parent is looked up by one")
    return fields


Fields = Annotated[
    dict[Key, Annotated[FieldSource | None, BeforeValidator(_parse_source)]], AfterValidator(_check_parents)
]


def without_items(fields: dict[str, FieldSource | None]) -> dict[str, FieldSource | None]:
    """Return an invoice's fields unchanged; ValueError for a field with an item as its source."""
    for field, source in fields.items():
        if source and source.path and source.path.startswith("item."):
            raise ValueError(f"cannot take {field} from an item: an invoice has many")
    return fields
