"""What a wrong field broke, in words for a person; wherever documents come in, the words are the same."""

from collections.abc import Mapping
from typing import Final

from pydantic_core import ErrorDetails

# pydantic's kinds of error, in words for a person; {x} is from the context that pydantic gives.
RULES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a field here",
    "string_pattern_mismatch": "must match {pattern}",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
    "too_short": "needs at least {min_length} entries",
    "too_long": "may have at most {max_length} entries",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "value_error": "{error}",
}


def rule_of(found: ErrorDetails) -> str:
    """Say which rule a fault that pydantic found breaks."""
    return RULES.get(found["type"], found["msg"]).format_map({"error": "", **found.get("ctx", {})})
