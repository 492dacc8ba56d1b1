"""JSON Schema checks of documents: no schema is ever fetched from anywhere."""

from __future__ import annotations

from typing import Protocol

from reward_server.errors import InvalidTask
from reward_server.types import Json
from reward_server.verifiers.base import library


class SchemaCheck(Protocol):
    """Says what is wrong with a document."""

    def __call__(self, document: Json) -> list[str]:
        """One line for each fault, the first few; none where the document is valid."""
        ...


def schema_check(schema: Json) -> SchemaCheck:
    """A check against ``schema`` (draft 2020-12 unless it names another); raises ``InvalidTask``, ``Unavailable``."""
    jsonschema, referencing = library("jsonschema", "JSON Schema"), library("referencing", "JSON Schema")
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as error:
        raise InvalidTask(f"the schema is not valid: {str(error).splitlines()[0][:200]}") from None
    validator = kind(schema, registry=referencing.Registry())

    def check(document: Json) -> list[str]:
        faults: list[str] = []
        try:
            for error in validator.iter_errors(document):
                faults.append(f"{error.json_path}: {error.message[:200]}")
                if len(faults) == 5:
                    break
        except referencing.exceptions.Unresolvable as error:
            raise InvalidTask(f"the schema refers to what is not in it: {str(error)[:200]}") from None
        except RecursionError:
            raise InvalidTask("the schema refers to itself without end") from None
        return faults

    return check
