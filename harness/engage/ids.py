"""Identifiers and chance of a simulated space, all of them hashes of its seed: the same seed, the same values."""

from __future__ import annotations

from hashlib import blake2b

from harness.core.keys import SUFFIX_ALPHABET, SUFFIX_LENGTH

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KSUID_LENGTH = 27
SPACE_LENGTH = 22

_DIGEST_BYTES = 24
_DIGEST_VALUES = 1 << 8 * _DIGEST_BYTES


class Ids:
    """Makes identifiers out of a seed and labels; equal labels give equal identifiers."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed)

    def space(self) -> str:
        """The space's own id, `spa_` and 22 characters."""
        return "spa_" + self._text(BASE62, SPACE_LENGTH, "space")

    def computation(self, *labels: str) -> str:
        """The id of a step's audience, `aud_` and 27 characters."""
        return "aud_" + self._text(BASE62, KSUID_LENGTH, "computation", *labels)

    def message(self, *labels: str) -> str:
        """A `messageId`, `personas_` and 27 characters."""
        return "personas_" + self._text(BASE62, KSUID_LENGTH, "message", *labels)

    def suffix(self, *labels: str) -> str:
        """The last part of a step key, 5 characters."""
        return self._text(SUFFIX_ALPHABET, SUFFIX_LENGTH, "suffix", *labels)

    def anonymous(self, *labels: str) -> str:
        """An `anonymousId` in the form of a version 4 UUID."""
        text = f"{self._number('anonymous', *labels):048x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    def fraction(self, *labels: str) -> float:
        """A number from 0 up to 1, as if by chance."""
        return self._number("fraction", *labels) / _DIGEST_VALUES

    def _text(self, alphabet: str, length: int, *labels: str) -> str:
        rest, base, text = self._number(*labels), len(alphabet), ""
        for _ in range(length):
            rest, index = divmod(rest, base)
            text += alphabet[index]
        return text

    def _number(self, *labels: str) -> int:
        text = "\x1f".join((self._seed, *labels)).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest(), "big")
