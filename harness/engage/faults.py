"""All faults, by name: the deliberately wrong spaces by which contracts and scenarios are tried out."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.tables import open_table
from harness.engage.faults_of_calls import CALL_FAULTS
from harness.engage.faults_of_context import CONTEXT_FAULTS
from harness.engage.faults_of_keys import KEY_FAULTS
from harness.engage.faults_of_lists import LIST_FAULTS
from harness.engage.faults_of_requests import REQUEST_FAULTS
from harness.engage.faults_of_retries import RETRY_FAULTS
from harness.engage.faults_of_sending import SENDING_FAULTS
from harness.engage.faults_of_time import TIME_FAULTS
from harness.engage.faulty import Fault

_ALL = (
    *KEY_FAULTS,
    *CALL_FAULTS,
    *CONTEXT_FAULTS,
    *LIST_FAULTS,
    *SENDING_FAULTS,
    *REQUEST_FAULTS,
    *RETRY_FAULTS,
    *TIME_FAULTS,
)
FAULTS: Mapping[str, Fault] = open_table("fault", _ALL, lambda fault: fault.name)
