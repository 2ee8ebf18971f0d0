"""What the text model learns from: first word vectors from pictures, rates of words, weights of errors."""

import json
from pathlib import Path

import pytest

HOW = "pip install -r tools/train/requirements.txt"
torch = pytest.importorskip("torch", reason=f"PyTorch is absent: {HOW}")
safetensors = pytest.importorskip("safetensors.torch", reason=f"safetensors is absent: {HOW}")

from procache_train.captions import build_vocabulary  # noqa: E402
from procache_train.diffusion import Diffusion  # noqa: E402
from procache_train.emoji import Emoji  # noqa: E402
from procache_train.optimisers import Optimisers  # noqa: E402
from procache_train.pixart import TextToImage  # noqa: E402

STYLES, COLOURS = ("noto", "twemoji", "fluent"), {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250)}


def write_emoji(folder: Path, unseen: int) -> Emoji:
    """Three colours in three styles of brightness; the last, blue in fluent, is held out and filled with `unseen`."""
    concepts = [
        {"code": colour, "style": style, "name": [colour], "tags": [], "held_out": (colour, style) == ("blue", "fluent")}
        for colour in COLOURS
        for style in STYLES
    ]
    pictures = torch.stack([
        (torch.tensor(COLOURS[c["name"][0]]).view(3, 1, 1) * (1 - 0.2 * STYLES.index(c["style"]))).expand(3, 8, 8)
        for c in concepts
    ]).to(torch.uint8).contiguous()
    pictures[-1] = unseen
    vocabulary = build_vocabulary([[c["style"], *c["name"]] for c in concepts])
    folder.mkdir()
    safetensors.save_file({"pictures": pictures}, folder / "pictures.safetensors")
    (folder / "concepts.json").write_text(json.dumps(concepts))
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    return Emoji({"folder": str(folder), "caption_length": 4, "drop": 0, "word_drop": 0, "prompts": []})


def test_words_begin_as_what_their_pictures_look_like(tmp_path: Path) -> None:
    dataset = write_emoji(tmp_path / "emoji", unseen=255)
    vectors = dataset.word_vectors(2)
    red, green, blue, fluent = (vectors[dataset.encoder.number[word]] for word in ("red", "green", "blue", "fluent"))
    for one, other in ((red, green), (green, blue), (blue, red)):
        assert torch.nn.functional.cosine_similarity(one, other, dim=0) < 0
    assert fluent.norm() < red.norm(), "three styles of one colour differ less than three colours"
    assert vectors[:2].abs().max() == 0, "the padding and the end mark describe no picture"


def test_words_know_nothing_of_a_picture_held_out(tmp_path: Path) -> None:
    white, black = (write_emoji(tmp_path / str(unseen), unseen).word_vectors(2) for unseen in (255, 0))
    assert torch.equal(white, black)


def test_words_move_at_their_own_rate() -> None:
    torch.manual_seed(0)
    model = TextToImage({
        "hidden_size": 12, "depth": 1, "num_heads": 1, "mlp_ratio": 1, "patch_size": 2, "input_size": 4, "in_channels": 3,
        "out_channels": 3, "caption_channels": 4, "caption_length": 2, "vocabulary": 3,
    })
    rates = {"learning_rate": 1e-3, "word_rate": 1e-1, "matrix_rate": 1e-3, "betas": [0.9, 0.99]}
    optimisers = Optimisers(model, rates)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimisers.step(1.0)
    moved = {name: (p - before[name]).abs().max().item() for name, p in model.named_parameters() if p.requires_grad}
    assert moved["text.embedding.weight"] == pytest.approx(1e-1, rel=1e-3)
    assert moved["denoiser.t_block.1.weight"] == pytest.approx(1e-3, rel=1e-2)
    assert all(move > 0 for move in moved.values()), "each parameter has an optimiser"


def test_truncated_weights_count_errors_of_the_clean_image_alike() -> None:
    diffusion = Diffusion(1000, 1e-4, 0.02, truncated_snr=200.0)
    snr = diffusion.signal / (1 - diffusion.signal)
    weights, middle = diffusion.weight(torch.arange(1000)), (snr < 1) & (snr > 1 / 200)
    assert weights.mean().item() == pytest.approx(1)
    assert torch.allclose(weights[snr >= 1], weights[0].expand(int((snr >= 1).sum())))
    in_clean_image = (weights * snr)[middle]
    assert torch.allclose(in_clean_image, in_clean_image[0].expand(len(in_clean_image)))
    assert weights.max() / weights.min() == pytest.approx(200)
