"""What went wrong, in the engine's own terms: which failure an error is, and whether more memory would help."""

import torch

from engine.precision import NotANumber
from engine.protocol import Failed, FailureCode

HAS_NO_MEMORY = ("can't allocate memory", "not enough memory", "MPS backend out of memory")  # Linux, Windows, macOS
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
    """torch's allocator for CUDA has its own error; those for a CPU and for Apple's GPUs raise a plain RuntimeError.
    What CUDA needs for itself (kernels, graphs) it asks for beside the allocator.
    """
    if isinstance(error, torch.AcceleratorError):
        return getattr(error, "error_code", None) == CUDA_HAS_NO_MEMORY
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in HAS_NO_MEMORY)


def release_memory(error: Exception) -> None:
    """Its traceback, and those of the errors it came from, keep the failed forward's tensors alive; the retry needs
    their room.
    """
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
