"""A data set for tests, drawn on the fly: 8x8 pictures of a bar, upright or lying."""

import torch


class Shapes:
    """Sixteen pictures in two classes, so that a test needs no package and a step takes a millisecond."""

    def __init__(self, settings: dict):
        self.drop = settings["drop"]
        self.labels = torch.arange(16) % 2
        self.images = torch.full((16, 1, 8, 8), -1.0)
        for row in range(16):
            picture = self.images[row, 0]
            (picture if row % 2 else picture.T)[row // 2] = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Pictures and labels, some replaced by "no class"."""
        dropped = torch.rand(len(rows), generator=generator) < self.drop
        return self.images[rows], (torch.where(dropped, 2, self.labels[rows]),)

    def sample_conditions(self) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...], int]:
        """Two pictures of each class."""
        labels = torch.tensor([0, 1, 0, 1])
        return (labels,), (torch.full_like(labels, 2),), 2
