"""Captions as bags of words: cleaning, the vocabulary, and rows of word numbers."""

import re
import unicodedata
from collections import Counter

import torch

PADDING, END = "", "</s>"


def words_of(text: str) -> list[str]:
    """The words of `text`: lower case, accents removed, everything but letters and digits separates."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", plain)


def build_vocabulary(captions: list[list[str]]) -> list[str]:
    """All words by falling frequency, after the padding (number 0) and the end mark (number 1)."""
    counts = Counter(word for caption in captions for word in caption)
    return [PADDING, END, *sorted(counts, key=lambda word: (-counts[word], word))]


class Encoder:
    """Turns word lists into numbers. Unknown words are left out; every caption ends with the end mark, so none is empty."""

    def __init__(self, vocabulary: list[str], length: int):
        self.number = {word: number for number, word in enumerate(vocabulary)}
        self.length = length

    def encode(self, captions: list[list[str]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Word numbers [captions, length] and the mask of those that exist."""
        rows = torch.zeros(len(captions), self.length, dtype=torch.int64)
        mask = torch.zeros(len(captions), self.length, dtype=torch.bool)
        for row, caption in enumerate(captions):
            numbers = [self.number[word] for word in caption if word in self.number][: self.length - 1]
            numbers.append(self.number[END])
            rows[row, : len(numbers)] = torch.tensor(numbers)
            mask[row, : len(numbers)] = True
        return rows, mask
