"""How good the Fashion-MNIST samples are: the share the classifier recognises and the Frechet distance to the test set."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from .classifier import Classifier
from .diffusion import Diffusion
from .grid import guided_samples
from .statistics import frechet, moments


@torch.no_grad()
def judge(model: nn.Module, diffusion: Diffusion, folder: Path, sample: dict, count: int, batch: int = 100) -> dict:
    """Draws `count` images, classes in turn, and compares them with `statistics.safetensors` in `folder`."""
    classifier = Classifier()
    classifier.load_state_dict(load_file(folder / "classifier.safetensors"))
    classifier.eval()
    real = load_file(folder / "statistics.safetensors")
    device = next(model.parameters()).device
    features, right = [], 0
    for first in range(0, count, batch):
        labels = torch.arange(first, min(first + batch, count)) % 10
        generator = torch.Generator().manual_seed(sample["seed"] + first)
        noise = torch.randn(len(labels), 1, 32, 32, generator=generator).to(device)
        nothing = torch.full_like(labels, 10)
        images = guided_samples(model, diffusion, noise, (labels,), (nothing,), sample).float().cpu()
        logits, seen = classifier(images)
        right += (logits.argmax(1) == labels).sum().item()
        features.append(seen)
    distance = frechet(moments(torch.cat(features)), (real["mean"].double(), real["covariance"].double()))
    return {"images": count, "recognised": right / count, "frechet": distance}
