"""Randomness and data order as pure functions of (seed, step).

A run keeps no random state: step 4711 draws the same batch, noise and dropout whether or not the run was
interrupted before it. This is what makes resuming exact.
"""

import torch


def step_generator(seed: int, step: int) -> torch.Generator:
    """The generator of one step's draws. It lives on the CPU, so that a GPU run sees the same draws."""
    return torch.Generator().manual_seed(seed * 1_000_000_007 + step)


def batch_indices(seed: int, step: int, batch: int, images: int) -> torch.Tensor:
    """The data rows of step `step`: shuffled passes over all images, laid end to end."""
    first, rows = step * batch, []
    while batch > 0:
        epoch, offset = divmod(first, images)
        taken = min(batch, images - offset)
        order = torch.randperm(images, generator=step_generator(seed + 1, epoch))
        rows.append(order[offset : offset + taken])
        first, batch = first + taken, batch - taken
    return torch.cat(rows)


def spread_timesteps(count: int, timesteps: int, generator: torch.Generator) -> torch.Tensor:
    """Uniform timesteps, one per equal share of the range: the same expectation as independent draws, less variance."""
    offset = torch.rand(count, generator=generator)
    return ((torch.arange(count) + offset) / count * timesteps).long().clamp_(max=timesteps - 1)
