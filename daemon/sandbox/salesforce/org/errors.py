"""Salesforce's errors, in its own words."""

from collections.abc import Sequence


class ApiError(Exception):
    """An error that Salesforce answers.

    Record-level errors carry `fields` (often an empty list); errors about the call as a whole carry no `fields`.
    """

    def __init__(self, code: str, message: str, *, fields: Sequence[str] | None = (), status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = None if fields is None else tuple(fields)
        self.status = status

    def body(self) -> list[dict[str, object]]:
        """Return the error as REST sends it: always an array, even of one."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Return the 404 for objects, fields and records alike: REST does not tell the missing one."""
    return ApiError("NOT_FOUND", message, fields=None, status=404)


def invalid_reference(*, status: int = 400) -> ApiError:
    """Return the error for a well-formed id without a record."""
    return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=status)
