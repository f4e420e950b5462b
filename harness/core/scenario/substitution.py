"""Variables in documents: `${name}`, `${env.NAME}`, and `$${` for a plain `${`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from harness.core.behaviours.templates import NAMES, is_reference
from harness.core.documents import At, Document, DocumentError
from harness.core.spelling import near_miss

_REFERENCE = re.compile(r"\$(\$)?\{([^{}]*)\}")
_ENVIRONMENT = "env."


def substituted(
    document: Document, variables: Mapping[str, Any], environment: Mapping[str, str], *, apart: Collection[str] = ()
) -> Document:
    """`document` with its variables in place; the top-level keys in `apart` are left as they are.

    A scalar that is only `${x}` takes x's type; elsewhere x is written into the text. An unknown name raises
    DocumentError at the place that uses it.
    """
    replacer = _Replacer(document, variables, environment)
    data = {key: value if key in apart else replacer.value(value, (key,)) for key, value in document.data.items()}
    return replace(document, data=data)


def resolved_variables(
    document: Document, given: Mapping[str, Any], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """The variables of a document's `vars:`, each of which may use those before it, and `given`, which win."""
    variables: dict[str, Any] = dict(given)
    written = document.data.get("vars")
    for name, value in written.items() if isinstance(written, dict) else ():
        if name not in given:
            variables[name] = _Replacer(document, variables, environment).value(value, ("vars", name))
    return variables


def _is_template(name: str, at: At) -> bool:
    """Whether a reference is about what a destination will receive, and stays until then."""
    return _is_of_replies(at) and is_reference(name)


def _is_of_replies(at: At) -> bool:
    return at[:1] == ("destinations",) and at[2:3] == ("replies",)


class _Replacer:
    """Puts variables into the values of one document."""

    def __init__(self, document: Document, variables: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._document = document
        self._variables = variables
        self._environment = environment

    def value(self, value: Any, at: At) -> Any:
        """`value`, which stands at `at`, with its variables in place."""
        match value:
            case str() if "${" in value:
                return self._text(value, at)
            case dict():
                return {key: self.value(item, (*at, key)) for key, item in value.items()}
            case list():
                return [self.value(item, (*at, index)) for index, item in enumerate(value)]
            case _:
                return value

    def _text(self, text: str, at: At) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole is not None and not whole[1] and not _is_template(whole[2], at):
            return self._look_up(whole[2].strip(), at)
        return _REFERENCE.sub(lambda match: self._written(match, at), text)

    def _written(self, match: re.Match[str], at: At) -> str:
        if match[1]:
            return match[0][1:]
        if _is_template(match[2], at):
            return match[0]
        value = self._look_up(match[2].strip(), at)
        if isinstance(value, dict | list):
            raise self._error(at, f"the variable {match[2]!r} is no single value", "use it alone, as the whole value")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def _look_up(self, name: str, at: At) -> Any:
        if name.startswith(_ENVIRONMENT):
            return self._from_environment(name.removeprefix(_ENVIRONMENT), at)
        if name not in self._variables:
            remedy = "define it under `vars:`, as a column of `examples:`, or write $${…} for the text itself"
            if not isinstance(self._document.data.get("scenario"), str):
                remedy = "a configuration knows `env.NAME` alone; write $${…} for the text itself"
            hint = near_miss(name, self._variables)
            if _is_of_replies(at):
                hint = near_miss(name.partition(".")[0], [*self._variables, *NAMES]) or hint
            raise self._error(at, f"unknown variable {name!r}{hint}", remedy)
        return self._variables[name]

    def _from_environment(self, name: str, at: At) -> str:
        if name not in self._environment:
            raise self._error(at, f"the environment has no variable {name!r}", f"set {name} before the run")
        return self._environment[name]

    def _error(self, at: At, message: str, remedy: str) -> DocumentError:
        return self._document.at_value(at, message, remedy)
