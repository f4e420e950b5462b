"""How a destination chooses its replies: small behaviours that are made of each other.

What `replies:` writes becomes one of them (`parsing.py`). Each is a frozen value; what a behaviour has to remember is a
fold, which the destination's past keeps for it.
"""

from harness.core.behaviours.behaviour import Always, Asked, Behaviour, Memory, Planned
from harness.core.behaviours.parsing import NotReplies, behaviour
from harness.core.behaviours.sequence import Sequence

__all__ = ["Always", "Asked", "Behaviour", "Memory", "NotReplies", "Planned", "Sequence", "behaviour"]
