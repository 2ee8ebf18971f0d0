"""The text-conditional transformer of PixArt-alpha (Chen et al. 2023), with the original tensor names."""

import torch
from torch import nn

from .transformer import Attention, Mlp, PatchEmbed, TimestepEmbedder, attend, initialise, modulate, position_table, unpatchify


class CaptionEmbedder(nn.Module):
    """Projects caption embeddings; `y_embedding` is the learned caption that stands for none."""

    def __init__(self, channels: int, width: int, length: int):
        super().__init__()
        self.y_proj = Mlp(channels, width, width)
        self.y_embedding = nn.Parameter(torch.randn(length, channels) / channels**0.5)

    def forward(self, caption: torch.Tensor, dropped: torch.Tensor) -> torch.Tensor:
        caption = torch.where(dropped[:, None, None], self.y_embedding.to(caption.dtype), caption)
        return self.y_proj(caption)  # [images, words, width]


class CrossAttention(nn.Module):
    """Image tokens ask, caption words answer; there is no normalisation before it and no gate after it."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_linear = nn.Linear(width, width)
        self.kv_linear = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, caption: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q = self.q_linear(x).view(batch, tokens, self.heads, -1).transpose(1, 2)
        k, v = self.kv_linear(caption).view(batch, -1, 2, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        x = attend(q, k, v, bias)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """Self-attention, cross-attention and MLP. Modulation is one shared projection plus this block's table (adaLN-single)."""

    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.attn = Attention(width, heads)
        self.cross_attn = CrossAttention(width, heads)
        self.mlp = Mlp(width, width * ratio, width)
        self.scale_shift_table = nn.Parameter(torch.randn(6, width) / width**0.5)

    def forward(self, x: torch.Tensor, t0: torch.Tensor, caption: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        modulation = self.scale_shift_table[None] + t0  # [images, 6, width]
        shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp = modulation.chunk(6, dim=1)
        x = x + gate_msa * self.attn(modulate(x, shift_msa, scale_msa))
        x = x + self.cross_attn(x, caption, bias)
        return x + gate_mlp * self.mlp(modulate(x, shift_mlp, scale_mlp))


class FinalLayer(nn.Module):
    """The last modulation, from the timestep embedding itself, and the projection of tokens to patches."""

    def __init__(self, width: int, values: int):
        super().__init__()
        self.linear = nn.Linear(width, values)
        self.scale_shift_table = nn.Parameter(torch.randn(2, width) / width**0.5)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        shift, scale = (self.scale_shift_table[None] + t[:, None]).chunk(2, dim=1)
        return self.linear(modulate(x, shift, scale))


class PixArt(nn.Module):
    """Predicts the noise in `images` at timesteps `t` for embedded captions.

    `caption` is [images, words, channels]; words where `mask` is false do not exist; where `dropped` is true the
    learned empty caption takes the caption's place, under the same mask.
    """

    def __init__(self, config: dict):
        super().__init__()
        width, patch = config["hidden_size"], config["patch_size"]
        self.patch, self.out_channels = patch, config["out_channels"]
        self.register_buffer("pos_embed", position_table(width, config["input_size"] // patch))
        self.x_embedder = PatchEmbed(config["in_channels"], width, patch)
        self.t_embedder = TimestepEmbedder(width)
        self.t_block = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.y_embedder = CaptionEmbedder(config["caption_channels"], width, config["caption_length"])
        self.blocks = nn.ModuleList(
            Block(width, config["num_heads"], config["mlp_ratio"]) for _ in range(config["depth"])
        )
        self.final_layer = FinalLayer(width, patch * patch * self.out_channels)
        initialise(self)
        for linear in (self.t_block[1], self.y_embedder.y_proj.fc1, self.y_embedder.y_proj.fc2):
            nn.init.normal_(linear.weight, std=0.02)
        for block in self.blocks:
            nn.init.zeros_(block.cross_attn.proj.weight)
        nn.init.zeros_(self.final_layer.linear.weight)

    def forward(
        self, images: torch.Tensor, t: torch.Tensor, caption: torch.Tensor, mask: torch.Tensor, dropped: torch.Tensor
    ) -> torch.Tensor:
        x = self.x_embedder(images) + self.pos_embed  # [images, tokens, width]
        t = self.t_embedder(t)  # [images, width]
        t0 = self.t_block(t).reshape(len(t), 6, -1)
        caption = self.y_embedder(caption, dropped)
        bias = torch.zeros(mask.shape, dtype=caption.dtype, device=mask.device).masked_fill(~mask, float("-inf"))
        for block in self.blocks:
            x = block(x, t0, caption, bias[:, None, None])
        return unpatchify(self.final_layer(x, t), self.patch, self.out_channels)


class TextToImage(nn.Module):
    """A PixArt and the text encoder it is trained with: one learned vector per word, without positions.

    Parameters are named `denoiser.*` and `text.*`; `export` takes them apart.
    """

    def __init__(self, config: dict):
        super().__init__()
        self.text = nn.Sequential()
        self.text.embedding = nn.Embedding(config["vocabulary"], config["caption_channels"])
        self.denoiser = PixArt(config)

    def forward(
        self, images: torch.Tensor, t: torch.Tensor, words: torch.Tensor, mask: torch.Tensor, dropped: torch.Tensor
    ) -> torch.Tensor:
        return self.denoiser(images, t, self.text.embedding(words), mask, dropped)
