"""How good the Fashion-MNIST samples are: recognised by the classifier, close to the test set, not copied from training."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from .checkpoint import write_atomically
from .classifier import load_classifier
from .diffusion import Diffusion
from .draws import step_generator
from .fashion import load_fashion, to_unit
from .grid import guided_samples
from .statistics import frechet, moments

BATCH = 25  # small batches stay in a processor's caches


def draw_samples(
    model: nn.Module, diffusion: Diffusion, sample: dict, count: int, kept: Path | None, first: int = 0
) -> torch.Tensor:
    """Byte images [count, 1, 32, 32] number `first` and on, classes in turn; an image depends on its number and the
    seed alone. Goes on from those in `kept`, which grows by each batch."""
    device = next(model.parameters()).device
    images = load_file(kept)["images"] if kept and kept.exists() else torch.empty(0, 1, 32, 32, dtype=torch.uint8)
    for start in range(first + len(images), first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        labels = torch.tensor(numbers) % 10
        noise = torch.stack([torch.randn(1, 32, 32, generator=step_generator(sample["seed"], number)) for number in numbers])
        nothing = torch.full_like(labels, 10)
        drawn = guided_samples(model, diffusion, noise.to(device), (labels,), (nothing,), sample)
        images = torch.cat([images, (drawn * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).cpu()])
        if kept:
            write_atomically(kept, lambda path: save_file({"images": images}, path))
    return images[:count]


def nearest(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Each image's root mean squared distance to the nearest of `others` or their mirror images, for values in [-1, 1]."""
    images, both = images.flatten(1), torch.cat([others, others.flip(3)]).flatten(1)
    least = torch.full((len(images),), torch.inf)
    for part in both.split(10_000):
        least = torch.minimum(least, torch.cdist(images, part).amin(1))
    return least / images.shape[1] ** 0.5


@torch.no_grad()
def judge(model: nn.Module, diffusion: Diffusion, folder: Path, sample: dict, count: int, kept: Path | None) -> dict:
    """Draws `count` images and compares them with what the classifier's folder says of the test set.

    `nearest_training` is the median distance to the nearest training image, of the samples and of as many test images:
    samples that lie much closer than test images do are copies.
    """
    images = draw_samples(model, diffusion, sample, count, kept).float() / 127.5 - 1
    logits, features = (torch.cat(parts) for parts in zip(*map(load_classifier(folder), images.split(500))))
    right = (logits.argmax(1) == torch.arange(count) % 10).float()
    real = load_file(folder / "statistics.safetensors")
    train, test = (to_unit(load_fashion(split)[0]) for split in ("train", "t10k"))
    return {
        "images": count,
        "recognised": round(right.mean().item(), 4),
        "recognised_by_class": [round(right[label::10].mean().item(), 3) for label in range(10)],
        "frechet": round(frechet(moments(features), (real["mean"].double(), real["covariance"].double())), 4),
        "nearest_training": [round(nearest(some, train).median().item(), 4) for some in (images, test[:count])],
    }
