"""Gaussian diffusion with linear betas (Ho et al. 2020), noise prediction, and DDIM sampling (Song et al. 2021)."""

from collections.abc import Callable

import torch

Denoise = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Diffusion:
    """The noise schedule: `signal[t]` is the cumulative product of `1 - beta`."""

    def __init__(self, train_timesteps: int, beta_start: float, beta_end: float, min_snr: float | None = None):
        betas = torch.linspace(beta_start, beta_end, train_timesteps, dtype=torch.float64)
        self.timesteps = train_timesteps
        self.signal = torch.cumprod(1 - betas, dim=0).float()
        self.min_snr = min_snr

    def add_noise(self, images: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """sqrt(signal) * images + sqrt(1 - signal) * noise"""
        signal = self.signal.to(images.device)[t].view(-1, 1, 1, 1)
        return signal.sqrt() * images + (1 - signal).sqrt() * noise

    def weight(self, t: torch.Tensor) -> torch.Tensor:
        """What one image's squared error counts: min(snr, gamma) / snr (Hang et al. 2023), or 1 without `min_snr`."""
        if self.min_snr is None:
            return torch.ones(t.shape, device=t.device)
        signal = self.signal.to(t.device)[t]
        snr = signal / (1 - signal)
        return snr.clamp(max=self.min_snr) / snr


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
