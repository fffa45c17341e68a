"""How much memory a step takes, measured, and how much a device has for it. Knows nothing of models or requests."""

from collections.abc import Callable

import torch

SHARE_FOR_STEPS = 0.9  # of what is free: fragments, and pictures that are decoded between two steps, take the rest


def peak_bytes(device: torch.device, run: Callable[[], object]) -> int | None:
    """The most that torch's allocator held while it ran, beside what was there before. None where it cannot tell."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    return _peak_bytes_of_cpu(run) if device.type == "cpu" else None


def free_bytes(device: torch.device, configured_mib: int) -> int | None:
    """What a step may take: as configured, else what is free. None: no limit, as on a CPU, which swaps."""
    if configured_mib:
        return configured_mib * 2**20
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return round((free + cached) * SHARE_FOR_STEPS)


def _peak_bytes_of_cpu(run: Callable[[], object]) -> int:
    """By the profiler's record of every allocation, in order; those are counted that torch makes itself."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=False) as profiled:
        run()
    held = peak = 0
    for event in profiled.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak
