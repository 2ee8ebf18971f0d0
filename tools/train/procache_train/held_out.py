"""Generalisation of the text model: concepts in styles that training never showed them in."""

from pathlib import Path

import torch
from torch import nn

from .diffusion import Diffusion
from .draws import step_generator
from .emoji import Emoji
from .grid import guided_samples, save_grid

PAIRS = 10


def chosen_pairs(dataset: Emoji) -> list[int]:
    """The rows of ten held-out pairs, spread evenly over all of them, so that nobody picks the pretty ones."""
    rows = [row for row, concept in enumerate(dataset.concepts) if concept["held_out"]]
    return [rows[i * len(rows) // PAIRS] for i in range(PAIRS)]


def rank_of(image: torch.Tensor, row: int, dataset: Emoji) -> int:
    """How many real pictures of the style of `row` lie nearer to `image` [3, side, side] than the one at `row`, plus one."""
    style = dataset.concepts[row]["style"]
    rows = [other for other, concept in enumerate(dataset.concepts) if concept["style"] == style]
    distance = (dataset.pictures[rows].float() / 127.5 - 1 - image).square().mean(dim=(1, 2, 3))
    return int((distance < distance[rows.index(row)]).sum()) + 1


def judge_held_out(
    model: nn.Module, diffusion: Diffusion, dataset: Emoji, sample: dict, count: int, path: Path, real: bool
) -> list[dict]:
    """Draws ten pairs `count` times each into a PNG with one row a pair, and says how near they are to the real pictures.

    With `real` the picture that training did not see comes first in each row, and after it those of the other styles: for
    looking at, as these are other people's pictures. `ranks` are those of `rank_of`, one a sample; 1 is the best.
    """
    rows = chosen_pairs(dataset)
    captions = [[dataset.concepts[row]["style"], *dataset.concepts[row]["name"]] for row in rows]
    words, mask = dataset.encoder.encode([caption for caption in captions for _ in range(count)])
    kept = torch.zeros(len(words), dtype=torch.bool)
    side = dataset.pictures.shape[-1]
    noise = torch.randn(len(words), 3, side, side, generator=step_generator(sample["seed"], 0))
    device = next(model.parameters()).device
    images = guided_samples(model, diffusion, noise.to(device), (words, mask, kept), (words, mask, ~kept), sample).cpu()
    by_pair = images.view(PAIRS, count, 3, side, side)
    drawn = (by_pair * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    sheet = torch.cat([shown(dataset, rows), drawn], dim=1) if real else drawn
    save_grid(sheet.flatten(0, 1), sheet.shape[1], path)
    return [
        {"caption": " ".join(caption), "ranks": [rank_of(image, row, dataset) for image in some]}
        for caption, row, some in zip(captions, rows, by_pair)
    ]


def shown(dataset: Emoji, rows: list[int]) -> torch.Tensor:
    """The real pictures of each row's concept, [rows, styles, 3, side, side]: the one at the row itself first."""
    by_code: dict[str, list[int]] = {}
    for row, concept in enumerate(dataset.concepts):
        by_code.setdefault(concept["code"], []).append(row)
    order = [sorted(by_code[dataset.concepts[row]["code"]], key=lambda other: other != row) for row in rows]
    return torch.stack([dataset.pictures[numbers] for numbers in order])
