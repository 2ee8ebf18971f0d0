"""The models have the names and the arithmetic of the official implementations (golden data in packages/conformance)."""

import os
from pathlib import Path

import pytest

HOW = "pip install -r tools/train/requirements.txt"
torch = pytest.importorskip("torch", reason=f"PyTorch is absent: {HOW}")
pytest.importorskip("safetensors", reason=f"safetensors is absent: {HOW}")

from safetensors.torch import load_file  # noqa: E402

from procache_train.dit import DiT  # noqa: E402
from procache_train.export import halves  # noqa: E402
from procache_train.pixart import PixArt, TextToImage  # noqa: E402

HERE = Path(__file__).parents[3] / "packages" / "conformance" / "fixtures"
FIXTURES = Path(os.environ.get("PROCACHE_FIXTURES", HERE))
GUIDANCE = 1.5  # of the golden DiT runs, on the first three channels
LATENT = {"input_size": 16, "patch_size": 2, "in_channels": 4, "out_channels": 8, "hidden_size": 32, "depth": 28}
SHAPE = {**LATENT, "num_heads": 4, "mlp_ratio": 4}


def fixture(name: str) -> dict[str, torch.Tensor]:
    """A golden file, or a skipped test where the fixtures are not checked out."""
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"{path} is missing")
    return load_file(path)


def assert_close(ours: torch.Tensor, expected: torch.Tensor) -> None:
    """Equal within 1e-4 of the largest value, the project's measure for one forward pass."""
    assert (ours - expected).abs().max() <= 1e-4 * expected.abs().max()


@torch.no_grad()
def test_dit_takes_the_official_first_step() -> None:
    model = DiT({**SHAPE, "num_classes": 10})
    model.load_state_dict(fixture("dit/model.safetensors"))
    given, expected = fixture("dit/noise.safetensors"), fixture("dit/full/expected.safetensors")["trajectory"][0]
    noise, labels = given["noise"], given["labels"]
    case = 2 * len(noise)
    t = torch.full((case,), 999)
    output = model(torch.cat([noise, noise]), t, torch.cat([labels, torch.full_like(labels, 10)]))
    conditioned, free = output[:, :4].chunk(2)
    predicted = conditioned.clone()
    predicted[:, :3] = (free + GUIDANCE * (conditioned - free))[:, :3]
    signal = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    now, following = signal[999].float(), signal[round(48 * 999 / 49)].float()
    clean = (noise - (1 - now).sqrt() * predicted) / now.sqrt()
    assert_close(following.sqrt() * clean + (1 - following).sqrt() * predicted, expected)


@torch.no_grad()
def test_pixart_makes_the_official_first_prediction() -> None:
    model = PixArt({**SHAPE, "caption_channels": 24, "caption_length": 12})
    model.load_state_dict(fixture("pixart/model.safetensors"))
    golden = fixture("pixart/expected.safetensors")
    noise, caption, mask = golden["noise"], golden["caption"][:, 0], golden["caption_mask"].bool()
    t = golden["timesteps"][0].expand(2 * len(noise))
    dropped = torch.tensor([True, True, False, False])
    output = model(torch.cat([noise, noise]), t, torch.cat([caption, caption]), torch.cat([mask, mask]), dropped)
    assert_close(output[:, :4], golden["model_output"][0])


def test_export_takes_text_models_apart() -> None:
    config = {**SHAPE, "depth": 1, "caption_channels": 24, "caption_length": 12, "vocabulary": 9}
    tensors = TextToImage(config).state_dict()
    assert halves(tensors, "text.").keys() == {"embedding.weight"}
    assert halves(tensors, "denoiser.").keys() == PixArt(config).state_dict().keys()
