"""How many threads PyTorch computes with."""

from __future__ import annotations

import torch


def spare_threads() -> int:
    """Let PyTorch start no more threads than this process has cores, and return their number.

    PyTorch counts the cores that it sees. A container on a hub sees all of the machine's but may
    use one or two, and then threads that wait for each other take its time: a lab took five times
    as long with two threads on one core. Fewer threads than cores stay as they are; on Linux,
    cores are what the control group grants, elsewhere what the system names.
    """
    if torch.get_num_threads() > 1:
        from joblib import cpu_count

        torch.set_num_threads(min(torch.get_num_threads(), cpu_count()))
    return torch.get_num_threads()
