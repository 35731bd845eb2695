"""A file of bars, of any usual shape, to checked bars: pure functions on bytes and columns."""

from core.analysis.bar_files.packing import MAX_BYTES
from core.analysis.bar_files.reading import BarFile, Options, read_bars

__all__ = ["MAX_BYTES", "BarFile", "Options", "read_bars"]
