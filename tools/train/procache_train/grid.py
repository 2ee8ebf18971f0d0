"""Sample grids: the picture a person looks at to judge a run."""

from pathlib import Path

import torch
from PIL import Image
from torch import nn

from .checkpoint import write_atomically
from .diffusion import Diffusion, sample_ddim
from .draws import step_generator


def sample_images(model: nn.Module, diffusion: Diffusion, dataset, shape: tuple, settings: dict) -> torch.Tensor:
    """Draws the data set's sample conditions with classifier-free guidance; returns bytes [images, channels, h, w]."""
    conditions, unconditional, _ = dataset.sample_conditions()
    device = next(model.parameters()).device
    both = tuple(torch.cat(pair).to(device) for pair in zip(conditions, unconditional))
    noise = torch.randn(len(conditions[0]), *shape, generator=step_generator(settings["seed"], 0)).to(device)

    def denoise(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        conditioned, free = model(torch.cat([x, x]), torch.cat([t, t]), *both).float().chunk(2)
        return free + settings["guidance"] * (conditioned - free)

    images = sample_ddim(diffusion, denoise, noise, settings["steps"])
    return (images * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def save_grid(images: torch.Tensor, columns: int, path: Path, zoom: int = 2) -> None:
    """Writes images row by row into one PNG."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    sheet = torch.zeros(rows * columns, channels, height, width, dtype=torch.uint8)
    sheet[:count] = images
    sheet = sheet.view(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    array = sheet.reshape(rows * height, columns * width, channels).numpy()
    image = Image.fromarray(array.squeeze(2) if channels == 1 else array)
    image = image.resize((image.width * zoom, image.height * zoom), Image.NEAREST)
    write_atomically(path, image.save)
