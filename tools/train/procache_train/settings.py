"""A run's settings: one TOML file per model."""

import tomllib
from pathlib import Path

SECTIONS = {
    "model": {"family"},
    "dataset": {"name"},
    "diffusion": {"train_timesteps", "beta_start", "beta_end"},
    "optimiser": {"learning_rate", "betas", "warm_up", "decay", "clip", "ema", "batch", "steps"},
    "run": {"seed", "log_every", "checkpoint_minutes", "sample_every"},
    "sample": {"steps", "guidance", "seed"},
}


def load_settings(path: str | Path) -> dict:
    """Reads a TOML file and checks that every section and setting a run needs is there."""
    settings = tomllib.loads(Path(path).read_text())
    for section, keys in SECTIONS.items():
        missing = keys - settings.get(section, {}).keys()
        if missing:
            raise KeyError(f"{path}: [{section}] lacks {', '.join(sorted(missing))}; see configs/fashion-dit.toml")
    return settings
