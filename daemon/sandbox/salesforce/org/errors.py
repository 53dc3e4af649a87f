"""A refusal in Salesforce's own words."""

from collections.abc import Sequence


class ApiError(Exception):
    """What Salesforce answers instead of doing what it was told.

    Record-level errors carry `fields` (often an empty list), errors about the call as a whole carry none.
    """

    def __init__(self, code: str, message: str, *, fields: Sequence[str] | None = (), status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = None if fields is None else tuple(fields)
        self.status = status

    def body(self) -> list[dict[str, object]]:
        """The error as REST sends it: always an array, even of one."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """The 404 for objects, fields and records alike: REST does not say which of them was missing."""
    return ApiError("NOT_FOUND", message, fields=None, status=404)


def invalid_reference(*, status: int = 400) -> ApiError:
    """The error for a well-formed id behind which nothing stands."""
    return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=status)
