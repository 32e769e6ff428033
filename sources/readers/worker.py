"""The process that reads files for another one: requests come by its input, records go by its output (`process`)."""

import errno
import gc
import io
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from sources.contract import Contract
from sources.readers import delimited, workbook
from sources.readers.limits import Limits
from sources.readers.reading import Reading

READERS = {"csv": delimited.read, "xlsx": workbook.read}
GRACE_SECONDS = 10


def main() -> None:
    """Answer each request until the input ends; whatever goes wrong inside a file may end the process."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Rows by the hundred thousand hold no cycles: looking for some would take longer than reading them.
    gc.disable()
    gc.freeze()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints must not become part of an answer
        answers.write(b"ready\n")
        answers.flush()
        for line in sys.stdin.buffer:
            _answer(json.loads(line), answers)
            answers.flush()
            gc.collect()


def _answer(request: dict[str, object], answers: BinaryIO) -> None:
    limits = Limits(**request["limits"])  # type: ignore[arg-type]
    contract = Contract.model_validate(request["contract"])
    # The other process waits no longer; should it be gone, nobody else would end this one.
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + GRACE_SECONDS)
    try:
        reading = READERS[str(contract.server.format)](Path(str(request["path"])), contract, limits)
    except OSError as error:
        if error.errno in (None, errno.ENOMEM):
            raise
        answers.write(json.dumps({"errno": error.errno}).encode() + b"\n")
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    _write(reading, answers)


def _write(reading: Reading, answers: BinaryIO) -> None:
    content = io.BytesIO()
    reading.frame.write_ipc(content)
    facts = {
        "bytes": content.tell(),
        "problem": reading.problem,
        "readable": reading.readable,
        "unknown_columns": reading.unknown_columns,
    }
    answers.write(json.dumps(facts).encode() + b"\n")
    answers.write(content.getbuffer())


if __name__ == "__main__":
    main()
