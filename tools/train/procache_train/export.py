"""From a run's checkpoint to the files that ship: original tensor names, fp16, and what a loader must know."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from .checkpoint import load_checkpoint
from .families import build_model

LOADER_NEEDS_NOT = {"vocabulary"}  # the size is the vocabulary file's


def open_average(settings: dict, run: Path) -> nn.Module:
    """The model of a run with the averaged weights of its last checkpoint. Safe while the run goes on."""
    path = run / "checkpoint.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: train first, or point --run at a folder that `train` wrote")
    state = load_checkpoint(path)
    model = build_model(settings["model"])
    model.load_state_dict({**state["model"], **state["ema"]})
    return model.eval()


def model_card(settings: dict) -> dict:
    """config.json: the [model] section and the noise schedule."""
    diffusion = settings["diffusion"]
    return {
        **{key: value for key, value in settings["model"].items() if key not in LOADER_NEEDS_NOT},
        "prediction": "epsilon",
        "train_timesteps": diffusion["train_timesteps"],
        "beta_schedule": "linear",
        "beta_start": diffusion["beta_start"],
        "beta_end": diffusion["beta_end"],
    }


def halves(tensors: dict[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `prefix`, without it, in fp16."""
    return {k[len(prefix) :]: v.half().contiguous() for k, v in tensors.items() if k.startswith(prefix)}


def export_model(settings: dict, run: Path, out: Path) -> None:
    """Writes model.safetensors and config.json, for text models text_encoder.safetensors and vocabulary.json, and
    copies the loss curve and the newest sample grid."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = open_average(settings, run).state_dict()
    if settings["model"]["family"] == "pixart":
        save_file(halves(tensors, "denoiser."), out / "model.safetensors")
        save_file(halves(tensors, "text."), out / "text_encoder.safetensors")
        shutil.copyfile(Path(settings["dataset"]["folder"]) / "vocabulary.json", out / "vocabulary.json")
    else:
        save_file(halves(tensors), out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(model_card(settings), indent=1) + "\n")
    shutil.copyfile(run / "loss.csv", out / "loss.csv")
    grids = sorted(run.glob("samples-*.png"))
    if grids:
        shutil.copyfile(grids[-1], out / "samples.png")
