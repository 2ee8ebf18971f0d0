"""The moving average of the weights, which is what samples are drawn from and what is shipped."""

import torch
from torch import nn


class Ema:
    """Owns fp32 copies of a model's trainable parameters, by name."""

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.settled = False  # whether it is an average already; else early updates move it faster
        self.live = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.mean = {name: p.detach().clone() for name, p in self.live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Moves the average towards the weights; one that began as random weights forgets them fast."""
        decay = self.decay if self.settled else min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.mean.values()), list(self.live.values()), 1 - decay)

    @torch.no_grad()
    def load(self, mean: dict[str, torch.Tensor]) -> None:
        """Takes over an average."""
        for name, value in self.mean.items():
            value.copy_(mean[name])

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges the average and the live weights; call it twice to come back."""
        for name, p in self.live.items():
            kept = p.detach().clone()
            p.copy_(self.mean[name])
            self.mean[name].copy_(kept)
