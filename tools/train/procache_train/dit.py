"""The class-conditional diffusion transformer of Peebles & Xie (2023), with the original tensor names."""

import torch
from torch import nn

from .transformer import Attention, Mlp, PatchEmbed, TimestepEmbedder, initialise, modulate, position_table, unpatchify


class LabelEmbedder(nn.Module):
    """One row per class and a last row for "no class", which guidance uses."""

    def __init__(self, classes: int, width: int):
        super().__init__()
        self.embedding_table = nn.Embedding(classes + 1, width)

    def forward(self, labels: torch.Tensor) -> torch.Tensor:
        return self.embedding_table(labels)


class Block(nn.Module):
    """Attention and MLP, each shifted, scaled and gated by the condition (adaLN-Zero)."""

    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width, width * ratio, width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        modulation = self.adaLN_modulation(c)[:, None]  # [images, 1, 6 * width]
        shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp = modulation.chunk(6, dim=2)
        x = x + gate_msa * self.attn(modulate(x, shift_msa, scale_msa))
        return x + gate_mlp * self.mlp(modulate(x, shift_mlp, scale_mlp))


class FinalLayer(nn.Module):
    """The last modulation and the projection of tokens to patches."""

    def __init__(self, width: int, values: int):
        super().__init__()
        self.linear = nn.Linear(width, values)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        shift, scale = self.adaLN_modulation(c)[:, None].chunk(2, dim=2)
        return self.linear(modulate(x, shift, scale))


class DiT(nn.Module):
    """Predicts the noise in `images` at timesteps `t` for class `labels` (`num_classes` means none)."""

    def __init__(self, config: dict):
        super().__init__()
        width, patch = config["hidden_size"], config["patch_size"]
        self.patch, self.out_channels = patch, config["out_channels"]
        self.x_embedder = PatchEmbed(config["in_channels"], width, patch)
        self.t_embedder = TimestepEmbedder(width)
        self.y_embedder = LabelEmbedder(config["num_classes"], width)
        self.pos_embed = nn.Parameter(position_table(width, config["input_size"] // patch), requires_grad=False)
        self.blocks = nn.ModuleList(
            Block(width, config["num_heads"], config["mlp_ratio"]) for _ in range(config["depth"])
        )
        self.final_layer = FinalLayer(width, patch * patch * self.out_channels)
        initialise(self)
        nn.init.normal_(self.y_embedder.embedding_table.weight, std=0.02)
        for block in self.blocks:
            nn.init.zeros_(block.adaLN_modulation[1].weight)
        nn.init.zeros_(self.final_layer.adaLN_modulation[1].weight)
        nn.init.zeros_(self.final_layer.linear.weight)

    def forward(self, images: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        x = self.x_embedder(images) + self.pos_embed  # [images, tokens, width]
        c = self.t_embedder(t) + self.y_embedder(labels)  # [images, width]
        for block in self.blocks:
            x = block(x, c)
        return unpatchify(self.final_layer(x, c), self.patch, self.out_channels)
