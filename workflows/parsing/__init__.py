"""From the files of one process folder to a checked, runnable Definition."""

from workflows.parsing.compile import compile_process
from workflows.parsing.definition import Definition, MessageStart, Part, TimerStart, files_hash

__all__ = ["Definition", "MessageStart", "Part", "TimerStart", "compile_process", "files_hash"]
