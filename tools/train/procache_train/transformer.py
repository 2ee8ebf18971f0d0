"""The parts that DiT and PixArt share: embeddings, attention, MLP, patches.

Module names are the tensor names of the published checkpoints (facebookresearch/DiT `models.py`), so a
state dict of these modules *is* the original format and no renaming happens on export.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def position_table(width: int, side: int) -> torch.Tensor:
    """The fixed sine-cosine table of a `side` x `side` grid: first half of the channels from x, second from y."""
    omega = 10000.0 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    angle = torch.arange(side, dtype=torch.float64)[:, None] * omega  # [side, width / 4]
    axis = torch.cat([angle.sin(), angle.cos()], dim=1)  # [side, width / 2]
    x = axis[None, :, :].expand(side, side, -1)
    y = axis[:, None, :].expand(side, side, -1)
    return torch.cat([x, y], dim=2).reshape(1, side * side, width).float()  # [1, tokens, width]


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Normalises each token without learned affine (eps 1e-6), then applies the conditioned `scale` and `shift`."""
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


def unpatchify(x: torch.Tensor, patch: int, channels: int) -> torch.Tensor:
    """Puts tokens of `patch * patch * channels` values back into an image."""
    batch, tokens, _ = x.shape
    side = math.isqrt(tokens)
    x = x.reshape(batch, side, side, patch, patch, channels)
    return x.permute(0, 5, 1, 3, 2, 4).reshape(batch, channels, side * patch, side * patch)


class PatchEmbed(nn.Module):
    """A convolution whose stride is its size; tokens come row by row."""

    def __init__(self, channels: int, width: int, patch: int):
        super().__init__()
        self.patch = patch
        self.proj = nn.Conv2d(channels, width, patch, patch)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        # The same product as the convolution, as a matrix product: much faster on CPUs.
        batch, channels, height, width = images.shape
        p = self.patch
        x = images.reshape(batch, channels, height // p, p, width // p, p)
        x = x.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * p * p)  # [images, tokens, values of a patch]
        return F.linear(x, self.proj.weight.flatten(1), self.proj.bias)


class TimestepEmbedder(nn.Module):
    """Frequencies exp(-ln(1e4) i / 128), laid out [cos | sin], through Linear-SiLU-Linear."""

    def __init__(self, width: int):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        frequency = torch.exp(-math.log(10000.0) * torch.arange(128, device=t.device, dtype=torch.float32) / 128)
        angle = t.float()[:, None] * frequency
        return self.mlp(torch.cat([angle.cos(), angle.sin()], dim=1))  # [images, width]


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Softmax attention of q, k, v [images, heads, tokens, head width]; `bias` [images, 1, 1, keys] adds to the scores.

    On CPUs it is spelled out in batched products: the backward pass of the fused kernel was 16 times slower in bf16
    (128 images, 6 heads, 64 tokens: 162 ms against 10 ms, PyTorch 2.13, 2 cores with AVX512-BF16).
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    batch, heads, tokens, size = q.shape
    q, k, v = (x.reshape(batch * heads, -1, size) for x in (q, k, v))
    scores = torch.bmm(q * size**-0.5, k.transpose(1, 2))  # [images * heads, tokens, keys]
    if bias is not None:
        scores = (scores.view(batch, heads, tokens, -1) + bias).view_as(scores)
    return torch.bmm(scores.softmax(-1), v).view(batch, heads, tokens, size)


class Attention(nn.Module):
    """Self-attention with one stacked projection [q | k | v] and no normalisation of q and k."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)  # [images, heads, tokens, head width]
        x = attend(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    """Two linear layers around a GELU in its tanh form."""

    def __init__(self, inner: int, hidden: int, outer: int):
        super().__init__()
        self.fc1 = nn.Linear(inner, hidden)
        self.fc2 = nn.Linear(hidden, outer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


def initialise(model: nn.Module) -> None:
    """Draws weights as the published models did: Xavier for linear layers, N(0, 0.02) for the timestep MLP."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    nn.init.xavier_uniform_(model.x_embedder.proj.weight.view(model.x_embedder.proj.weight.shape[0], -1))
    nn.init.zeros_(model.x_embedder.proj.bias)
    for index in (0, 2):
        nn.init.normal_(model.t_embedder.mlp[index].weight, std=0.02)
