"""All rules, by id. A rule joins by standing in this table."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.rules.bodies import DESTINATION_KIND, MALFORMED_BODY, SCHEMA
from harness.core.rules.duplicates import DUPLICATE_SOURCE
from harness.core.rules.entries import ONCE_PER_ENTRY
from harness.core.rules.exits import EXIT_AFTER_ENTRY
from harness.core.rules.key_histories import KEY_STABLE, KEY_UNIQUE, SPACE_STABLE
from harness.core.rules.keys import KEY_IDENTITY, KEY_NAMING
from harness.core.rules.membership import ENTRY_ONLY, LIST_APPEND_ONLY, MEMBERSHIP_VALUE
from harness.core.rules.messages import MESSAGE_ID_UNIQUE
from harness.core.rules.retries import POLICY, SAME_MESSAGE
from harness.core.rules.rule import Rule
from harness.core.rules.signatures import SIGNATURE
from harness.core.rules.sizes import PAYLOAD_SIZE
from harness.core.rules.users import IDENTITY, INTEGRATIONS_ROUTING, PERSONAS_CONTEXT
from harness.core.tables import open_table

_ALL: tuple[Rule, ...] = (
    MALFORMED_BODY,
    DESTINATION_KIND,
    LIST_APPEND_ONLY,
    ENTRY_ONLY,
    MEMBERSHIP_VALUE,
    KEY_NAMING,
    KEY_IDENTITY,
    KEY_STABLE,
    KEY_UNIQUE,
    SPACE_STABLE,
    PERSONAS_CONTEXT,
    INTEGRATIONS_ROUTING,
    IDENTITY,
    PAYLOAD_SIZE,
    SAME_MESSAGE,
    POLICY,
    ONCE_PER_ENTRY,
    EXIT_AFTER_ENTRY,
    MESSAGE_ID_UNIQUE,
    SIGNATURE,
    DUPLICATE_SOURCE,
    SCHEMA,
)
RULES: Mapping[str, Rule] = open_table("rule", _ALL, lambda rule: rule.id)
"""In order of precedence: where several rules name the same place, the first of them is reported."""

PRECEDENCE: Mapping[str, int] = {rule_id: place for place, rule_id in enumerate(RULES)}
