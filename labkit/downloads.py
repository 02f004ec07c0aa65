"""How long a download may go without a byte: by default Python waits for ever."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_SILENCE = 10.0  # seconds


@contextmanager
def no_stalling() -> Iterator[None]:
    """Let what is downloaded inside fail with TimeoutError after LONGEST_SILENCE.

    For code of others that takes no timeout: torch.hub, torchvision's data sets.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(LONGEST_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
