"""Files that are either the old ones or the new ones, never half of both."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Calls `write` with a temporary path beside `path`, then renames: a kill in between loses nothing."""
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    write(temporary)
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def save_checkpoint(path: Path, state: dict) -> None:
    """Writes the whole state of a run."""
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def load_checkpoint(path: Path) -> dict:
    """Reads what `save_checkpoint` wrote."""
    return torch.load(path, map_location="cpu", weights_only=True)


def load_weights(path: str, part: str) -> dict[str, torch.Tensor]:
    """Weights to begin with: `part` ("model" or "ema") of a checkpoint.pt, or what a safetensors file holds."""
    return load_checkpoint(Path(path))[part] if path.endswith(".pt") else load_file(path)
