"""Captures as commands read them: with a progress bar, and watched for what is no capture at all."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from harness.adapters.capture_files import CaptureFiles, size_of
from harness.cli.exits import UsageFault
from harness.cli.progress import Reading
from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.layout import record_texts
from harness.core.captures.records import read_captured
from harness.core.captures.sources import Sources


class Capturing(Struct, frozen=True, kw_only=True):
    """The reading of some captures."""

    captures: CaptureFiles
    defaults: Defaults

    def deliveries(self) -> Iterator[tuple[str, int, Captured]]:
        """Each delivery with file and line; once all are read, UsageFault where they are not what can be judged."""
        sources = Sources()
        with Reading(size_of(self.captures.names)) as reading:
            for file in self.captures.names:
                reading.opened(file)
                sources.opened(file)
                blocks = self.captures.blocks(file, reading.read)
                for line, text in record_texts(blocks, sources.page):
                    for captured in read_captured(text, self.defaults, sources.page):
                        sources.delivery(captured)
                        yield file, line, captured
        for fault in sources.faults():
            raise UsageFault(fault)
