"""Discord's own refusals: one exception with a status, a code and a sentence, and the named ones the stand-in uses.

ApiError
└── FormError (400, 50035: one nested entry per bad field)
"""

from typing import Any

from bot.sandbox.wire import Json, Reply


class ApiError(Exception):
    """A request that Discord would refuse."""

    def __init__(self, status: int, code: int, message: str, extra: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra or {}

    def reply(self) -> Reply:
        return Reply(self.status, {"message": self.message, "code": self.code, **self.extra})


class FormError(ApiError):
    """50035 Invalid Form Body, with the tree of field errors that discord.py prints."""

    def __init__(self, errors: Json) -> None:
        super().__init__(400, 50035, "Invalid Form Body", {"errors": errors})


class FormErrors:
    """Collects what is wrong with a form so that one answer names every bad field."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        node = self._tree
        for key in path:
            node = node.setdefault(str(key), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: tuple[str | int, ...]) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def check_length(self, path: tuple[str | int, ...], value: Any, minimum: int, maximum: int) -> None:
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_COERCE", "Must be a string.")
        elif len(value) > maximum:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")
        elif len(value) < minimum:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length.")

    def raise_if_any(self) -> None:
        if self._tree:
            raise FormError(self._tree)


def bad_field(path: tuple[str | int, ...], code: str, message: str) -> FormError:
    node: Json = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path):
        node = {str(key): node}
    return FormError(node)


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def unknown_application() -> ApiError:
    return ApiError(404, 10002, "Unknown Application")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_emoji() -> ApiError:
    return ApiError(400, 10014, "Unknown Emoji")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def unknown_integration() -> ApiError:
    return ApiError(404, 10005, "Unknown integration")


def too_many_follow_ups() -> ApiError:
    return ApiError(400, 40094, "This interaction has hit the maximum number of follow up messages.")


def unknown_command() -> ApiError:
    return ApiError(404, 10063, "Unknown application command")


def unknown_entitlement() -> ApiError:
    return ApiError(404, 10071, "Unknown Entitlement")


def too_many_commands() -> ApiError:
    return ApiError(400, 30032, "Maximum number of application commands reached (100).")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def already_acknowledged() -> ApiError:
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def not_author() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def closed_dms() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def invalid_webhook_token() -> ApiError:
    return ApiError(401, 50027, "Invalid Webhook Token")


def invalid_json() -> ApiError:
    return ApiError(400, 50109, "The request body contains invalid JSON.")


def already_has_thread() -> ApiError:
    return ApiError(400, 160004, "A thread has already been created for this message")
