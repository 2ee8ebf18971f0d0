"""Guided samples and sample grids: the picture a person looks at to judge a run."""

from pathlib import Path

import torch
from PIL import Image
from torch import nn

from .checkpoint import write_atomically
from .diffusion import Diffusion, sample_ddim
from .draws import step_generator

Conditions = tuple[torch.Tensor, ...]


def guided_samples(
    model: nn.Module, diffusion: Diffusion, noise: torch.Tensor, conditions: Conditions, nothing: Conditions, sample: dict
) -> torch.Tensor:
    """Images in [-1, 1] from `noise` with classifier-free guidance between `conditions` and `nothing`.

    `sample` holds the number of steps and the guidance; the model computes in bf16.
    """
    device = noise.device
    both = tuple(torch.cat(pair).to(device) for pair in zip(conditions, nothing))

    def denoise(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            conditioned, free = model(torch.cat([x, x]), torch.cat([t, t]), *both).float().chunk(2)
        return free + sample["guidance"] * (conditioned - free)

    return sample_ddim(diffusion, denoise, noise, sample["steps"])


def draw_grid(model: nn.Module, diffusion: Diffusion, dataset, config: dict, sample: dict, path: Path) -> None:
    """Writes a PNG of the data set's sample conditions. The noise depends on the seed alone, so grids of different
    steps show the same pictures growing."""
    conditions, nothing, columns = dataset.sample_conditions()
    shape = (len(conditions[0]), config["in_channels"], config["input_size"], config["input_size"])
    noise = torch.randn(shape, generator=step_generator(sample["seed"], 0)).to(next(model.parameters()).device)
    images = guided_samples(model, diffusion, noise, conditions, nothing, sample)
    save_grid((images * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).cpu(), columns, path)


def save_grid(images: torch.Tensor, columns: int, path: Path, zoom: int = 2) -> None:
    """Writes byte images row by row into one PNG."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    sheet = torch.zeros(rows * columns, channels, height, width, dtype=torch.uint8)
    sheet[:count] = images
    sheet = sheet.view(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    array = sheet.reshape(rows * height, columns * width, channels).numpy()
    image = Image.fromarray(array.squeeze(2) if channels == 1 else array)
    image = image.resize((image.width * zoom, image.height * zoom), Image.NEAREST)
    write_atomically(path, image.save)
