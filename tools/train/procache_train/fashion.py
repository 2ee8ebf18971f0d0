"""Fashion-MNIST (MIT) from the Debian package `dataset-fashion-mnist`: grey 28x28 padded to 32x32, 10 classes."""

import gzip
from pathlib import Path

import numpy as np
import torch

FOLDER = Path("/usr/share/datasets/fashion-mnist")


def read_idx(path: Path) -> np.ndarray:
    """Reads a gzipped IDX file of unsigned bytes."""
    raw = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(raw, ">u4", count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def load_fashion(split: str, folder: Path = FOLDER) -> tuple[torch.Tensor, torch.Tensor]:
    """The images [count, 1, 28, 28] (uint8) and labels of `split`, "train" or "t10k"."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing: apt-get install dataset-fashion-mnist, or set [dataset] folder")
    images = read_idx(folder / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte.gz")
    return torch.from_numpy(images.copy())[:, None], torch.from_numpy(labels.astype(np.int64))


class FashionMnist:
    """The training images with their labels; a share of the labels is replaced by "no class"."""

    def __init__(self, settings: dict):
        self.images, self.labels = load_fashion("train", Path(settings.get("folder", FOLDER)))
        self.classes, self.drop = 10, settings["drop"]

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Images in [-1, 1], half of them mirrored, and the condition the model takes after `t`."""
        images = to_unit(self.images[rows])
        mirrored = torch.rand(len(rows), generator=generator) < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
        dropped = torch.rand(len(rows), generator=generator) < self.drop
        return images, (torch.where(dropped, self.classes, self.labels[rows]),)

    def sample_conditions(self) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...], int]:
        """The grid's conditions, their unconditional counterparts, and the images per row."""
        labels = torch.arange(self.classes).repeat(4)
        return (labels,), (torch.full_like(labels, self.classes),), self.classes


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """Bytes to [-1, 1], padded by 2 on every side with black."""
    return torch.nn.functional.pad(images.float() / 127.5 - 1, (2, 2, 2, 2), value=-1.0)
