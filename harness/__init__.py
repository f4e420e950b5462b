"""A mock destination server and contract tests for systems that send journey audiences to destinations."""

__version__ = "0.1.0"
