"""JSONPath (RFC 9535), compiled once for each path."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jsonpath import JSONPath


@lru_cache(maxsize=1024)
def compiled(path: str) -> JSONPath:
    """The query that `path` writes; ValueError says what is wrong with it."""
    import jsonpath  # only where a path is written: its import takes as long as that of half the server

    try:
        query = jsonpath.JSONPathEnvironment(strict=True).compile(path)
    except (jsonpath.JSONPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path!r} is no JSONPath (RFC 9535), such as $.properties.plan: {reason}") from None
    return cast("JSONPath", query)  # not several of them, as paths that are not strict may be


def found(path: str, document: Any) -> list[Any]:
    """The values at `path` in `document`, in order."""
    return compiled(path).findall(document)


def is_single(path: str) -> bool:
    """Whether `path` can lead to one value at most."""
    return compiled(path).singular_query()
