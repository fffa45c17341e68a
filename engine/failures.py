"""What went wrong, in the engine's own terms: which failure an error is, and whether more memory would help."""

import torch

from engine.precision import NotANumber
from engine.protocol import Failed, FailureCode

CPU_HAS_NO_MEMORY = ("can't allocate memory", "not enough memory")
CUDA_HAS_NO_MEMORY = 2  # cudaErrorMemoryAllocation: the device is well


def failure_from(error: Exception) -> Failed:
    """The reason is in the error's own words, for the operator. A fault of the device is nobody's: raised again."""
    if isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error):
        raise error
    if isinstance(error, NotANumber):
        return Failed(FailureCode.NOT_A_NUMBER, str(error))
    if is_out_of_memory(error):
        return Failed(FailureCode.OUT_OF_MEMORY, str(error).partition("\n")[0])
    return Failed(FailureCode.INTERNAL, f"{type(error).__name__}: {error}")


def is_out_of_memory(error: Exception) -> bool:
    """torch's allocator has its own error for devices, and a plain RuntimeError for a CPU, which Linux words otherwise
    than Windows. What CUDA needs for itself (kernels, graphs) it asks for beside the allocator.
    """
    if isinstance(error, torch.AcceleratorError):
        return getattr(error, "error_code", None) == CUDA_HAS_NO_MEMORY
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in CPU_HAS_NO_MEMORY)


def release_memory(error: Exception) -> None:
    """The traceback keeps the failed forward's tensors alive; the retry needs their room."""
    error.__traceback__ = None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
