"""The emoji data set for training: pictures and freshly drawn captions."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from .captions import Encoder, words_of


class Emoji:
    """Pictures in [-1, 1] with captions "style name tags", from the folder that the command `emoji` wrote.

    Captions vary: up to three tags join the name, each word is left out now and then, and a share `drop` of the
    captions is empty. Pictures held out are never drawn.
    """

    def __init__(self, settings: dict):
        folder = Path(settings["folder"])
        if not (folder / "pictures.safetensors").exists():
            raise FileNotFoundError(f"{folder} has no pictures: run `python -m procache_train emoji --out {folder}`")
        self.concepts = json.loads((folder / "concepts.json").read_text())
        self.pictures = load_file(folder / "pictures.safetensors")["pictures"]
        self.vocabulary = json.loads((folder / "vocabulary.json").read_text())
        self.encoder = Encoder(self.vocabulary, settings["caption_length"])
        self.seen = torch.tensor([row for row, concept in enumerate(self.concepts) if not concept["held_out"]])
        self.drop, self.word_drop, self.prompts = settings["drop"], settings["word_drop"], settings["prompts"]

    def __len__(self) -> int:
        return len(self.seen)

    def batch(self, rows: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Pictures, and the condition the model takes after `t`: word numbers, mask, dropped."""
        rows = self.seen[rows]
        draws = torch.rand(len(rows), 2 + self.encoder.length * 2, generator=generator).tolist()
        words, mask = self.encoder.encode([self.caption(row, draw[2:]) for row, draw in zip(rows.tolist(), draws)])
        dropped = torch.tensor([draw[0] < self.drop for draw in draws])
        return self.pictures[rows].float() / 127.5 - 1, (words, mask, dropped)

    def caption(self, row: int, draws: list[float]) -> list[str]:
        """One caption of a picture; `draws` are uniform numbers, the first of which says how many tags join."""
        concept = self.concepts[row]
        tags = concept["tags"]
        ranked = sorted(range(len(tags)), key=lambda i: draws[1 + i])
        words = [*concept["name"], *(tags[i] for i in ranked[: int(draws[0] * 4)])]
        kept = [word for word, draw in zip(words, draws[-len(words) :]) if draw >= self.word_drop]
        return [concept["style"], *(kept or words)]

    def word_vectors(self, channels: int) -> torch.Tensor:
        """A first vector for each word, [vocabulary, channels]: the mean of what the pictures seen under it look like.

        A picture is its first `channels` principal components at half its size, each of variance 1; what all pictures of a
        style share is left to the word of the style.
        """
        concepts = [self.concepts[row] for row in self.seen.tolist()]
        pixels = nn.functional.avg_pool2d(self.pictures[self.seen].float() / 127.5 - 1, 2).flatten(1)
        codes = torch.linalg.svd(pixels - pixels.mean(dim=0), full_matrices=False).U[:, :channels] * len(pixels) ** 0.5
        words = torch.zeros(len(concepts), len(self.vocabulary))
        styles = torch.zeros(len(concepts), len(self.vocabulary))
        for row, concept in enumerate(concepts):
            words[row, [self.encoder.number[word] for word in {*concept["name"], *concept["tags"]}]] = 1
            styles[row, self.encoder.number[concept["style"]]] = 1
        by_style = mean_under(styles, codes)
        return by_style + mean_under(words, codes - styles @ by_style)

    def sample_conditions(self) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...], int]:
        """Twelve concepts by three styles, each concept never seen in one of its styles, then twelve free prompts."""
        columns = 12
        held_out = [concept for concept in self.concepts if concept["held_out"]]
        held_out = held_out[:: max(1, len(held_out) // columns)][:columns]
        captions = [[style, *c["name"]] for style in ("noto", "twemoji", "fluent") for c in held_out]
        captions += [words_of(prompt) for prompt in self.prompts[:columns]]
        words, mask = self.encoder.encode(captions)
        kept = torch.zeros(len(captions), dtype=torch.bool)
        return (words, mask, kept), (words, mask, ~kept), columns


def mean_under(words: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """The mean of the `codes` [pictures, channels] that each word is marked for in `words` [pictures, vocabulary], or 0."""
    return words.T @ codes / words.sum(dim=0).clamp(min=1)[:, None]
