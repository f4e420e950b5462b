"""JSON Schemas with two engines: one says fast whether a value is right, the other says what is wrong with it."""

from harness.core.schemas.breach import Breach
from harness.core.schemas.compile import Schema, load_schema, load_schemas, prepare_explanations, proven_schemas
from harness.core.schemas.lint import SchemaError

__all__ = ["Breach", "Schema", "SchemaError", "load_schema", "load_schemas", "prepare_explanations", "proven_schemas"]
