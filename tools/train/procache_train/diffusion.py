"""Gaussian diffusion with linear betas (Ho et al. 2020), noise prediction, and DDIM sampling (Song et al. 2021)."""

from collections.abc import Callable

import torch

Denoise = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Diffusion:
    """The noise schedule: `signal[t]` is the cumulative product of `1 - beta`, and what an error at `t` counts.

    Errors of the noise count alike, or with `min_snr` = gamma as min(snr, gamma) / snr (Hang et al. 2023), or with
    `truncated_snr` as max(1, 1 / snr), so that errors of the clean image count alike where noise outweighs it (Salimans and
    Ho 2022), up to that many times and divided by their mean over all timesteps.
    """

    def __init__(
        self,
        train_timesteps: int,
        beta_start: float,
        beta_end: float,
        min_snr: float | None = None,
        truncated_snr: float | None = None,
    ):
        betas = torch.linspace(beta_start, beta_end, train_timesteps, dtype=torch.float64)
        self.timesteps = train_timesteps
        self.signal = torch.cumprod(1 - betas, dim=0).float()
        snr = self.signal / (1 - self.signal)
        if truncated_snr is not None:
            weights = (1 / snr).clamp(1, truncated_snr)
            self.weights = weights / weights.mean()
        elif min_snr is not None:
            self.weights = snr.clamp(max=min_snr) / snr
        else:
            self.weights = torch.ones(train_timesteps)

    def add_noise(self, images: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """sqrt(signal) * images + sqrt(1 - signal) * noise"""
        signal = self.signal.to(images.device)[t].view(-1, 1, 1, 1)
        return signal.sqrt() * images + (1 - signal).sqrt() * noise

    def weight(self, t: torch.Tensor) -> torch.Tensor:
        """What one image's mean squared error of the noise counts."""
        return self.weights.to(t.device)[t]


@torch.no_grad()
def sample_ddim(diffusion: Diffusion, denoise: Denoise, noise: torch.Tensor, steps: int) -> torch.Tensor:
    """Denoises `noise` in `steps` deterministic steps; `denoise(x, t)` predicts the noise. The clean image is clipped
    to [-1, 1] at every step, which pixel-space models need."""
    x = noise
    times = [round(i * diffusion.timesteps / steps) for i in reversed(range(steps))]
    for step, t in enumerate(times):
        signal = diffusion.signal[t]
        following = diffusion.signal[times[step + 1]] if step + 1 < steps else torch.tensor(1.0)
        predicted = denoise(x, torch.full((len(x),), t, device=x.device))
        clean = ((x - (1 - signal).sqrt() * predicted) / signal.sqrt()).clamp(-1, 1)
        predicted = (x - signal.sqrt() * clean) / (1 - signal).sqrt()
        x = following.sqrt() * clean + (1 - following).sqrt() * predicted
    return x
