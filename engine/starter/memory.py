"""How the word memories learn: Adam, but only for the few memories a batch used. Knows nothing of pictures."""

from __future__ import annotations

import torch
from torch import Tensor

BETAS = (0.8, 0.98)
AVERAGED = 0.8  # of the moving average is kept each time a memory is used


class MemoryAdam:
    """Lazily updated moments beside a table [M, rows, C], which it changes in place, and the table's moving average."""

    def __init__(self, table: Tensor, average: Tensor) -> None:
        self._table = table
        self._average = average
        self._mean = torch.zeros_like(table)
        self._square = torch.zeros_like(table)
        self._uses = torch.zeros(len(table), 1, 1)

    @torch.no_grad()
    def step(self, used: Tensor, gradient: Tensor | None, rate: float) -> None:
        """One update of the memories `used` [U] from their `gradient` [U, rows, C]; those without any stay."""
        if gradient is None or rate == 0:
            return
        touched = gradient.flatten(1).abs().amax(dim=1) > 0
        used, gradient = used[touched], gradient[touched].float()
        self._uses[used] += 1
        mean = self._mean[used].lerp(gradient, 1 - BETAS[0])
        square = self._square[used].lerp(gradient.square(), 1 - BETAS[1])
        self._mean[used], self._square[used] = mean, square
        uses = self._uses[used]
        upright_mean, upright_square = mean / (1 - BETAS[0] ** uses), square / (1 - BETAS[1] ** uses)
        self._table[used] -= rate * upright_mean / (upright_square.sqrt() + 1e-8)
        kept = torch.minimum((uses - 1) / uses, torch.tensor(AVERAGED))
        self._average[used] = self._table[used].lerp(self._average[used], kept)

    def state_dict(self) -> dict[str, Tensor]:
        return {"mean": self._mean, "square": self._square, "uses": self._uses}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self._mean.copy_(state["mean"])
        self._square.copy_(state["square"])
        self._uses.copy_(state["uses"])
