"""Prints the latents that src/right-latents.test.ts holds, of what diffusers has no stored latents here (NumPy only).

A transcription of diffusers' DiTTransformer2DModel, DiTPipeline and DDIMScheduler in float64, for the weights of
conformance/fixtures/cases/04-scheduler-config. With the noise of torch's seeds 0 to 2 it agrees with the latents there.
Run: python3 test/diffusers_dit.py
"""

import json
import math
import struct
from pathlib import Path

import numpy as np

CASE = Path(__file__).parents[2] / "conformance/fixtures/cases/04-scheduler-config"
WIDTH, HEADS, SIZE, PATCH, CHANNELS, DEPTH = 32, 2, 8, 2, 4, 2
SIDE = SIZE // PATCH
LABELS, SCALE, STEPS = [1, 2, 3], 4, 4


def load(path):
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    read = lambda t: np.frombuffer(data[start + t["data_offsets"][0] : start + t["data_offsets"][1]], np.float32)
    return {name: read(t).astype(float).reshape(t["shape"]) for name, t in header.items()}


W = load(CASE / "transformer/diffusion_pytorch_model.safetensors")

erf = np.vectorize(math.erf)
silu = lambda x: x / (1 + np.exp(-x))
ACTIVATIONS = {
    "gelu-approximate": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
}


def linear(x, name):
    return x @ W[f"{name}.weight"].T + W[f"{name}.bias"]


def norm(x, eps):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)


def positions():
    quarter = WIDTH // 4
    omega = 10000.0 ** (-np.arange(quarter) / quarter)
    sincos = lambda c: np.concatenate([np.sin(c * omega), np.cos(c * omega)])
    return np.stack([np.concatenate([sincos(t % SIDE), sincos(t // SIDE)]) for t in range(SIDE * SIDE)])


def embedding(t, labels, block):
    at = f"transformer_blocks.{block}.norm1.emb"
    angles = t * np.exp(-math.log(10000) * np.arange(128) / 127)
    waves = np.concatenate([np.cos(angles), np.sin(angles)])[None]
    time = linear(silu(linear(waves, f"{at}.timestep_embedder.linear_1")), f"{at}.timestep_embedder.linear_2")
    return silu(time + W[f"{at}.class_embedder.embedding_table.weight"][labels])


def transformer(x, t, labels, config):
    images = len(x)
    patches = x.reshape(images, CHANNELS, SIDE, PATCH, SIDE, PATCH).transpose(0, 2, 4, 1, 3, 5).reshape(images, SIDE**2, -1)
    h = patches @ W["pos_embed.proj.weight"].reshape(WIDTH, -1).T + W["pos_embed.proj.bias"] + positions()
    heads = lambda y: y.reshape(images, SIDE**2, HEADS, -1).transpose(0, 2, 1, 3)
    for i in range(DEPTH):
        at = f"transformer_blocks.{i}"
        modulation = linear(embedding(t, labels, i), f"{at}.norm1.linear")[:, None]
        shift1, scale1, gate1, shift2, scale2, gate2 = np.split(modulation, 6, -1)
        y = norm(h, 1e-6) * (1 + scale1) + shift1
        q, k, v = (heads(linear(y, f"{at}.attn1.to_{part}")) for part in "qkv")
        weights = np.exp(q @ k.transpose(0, 1, 3, 2) / math.sqrt(WIDTH // HEADS))
        mixed = (weights / weights.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(images, SIDE**2, WIDTH)
        h = h + gate1 * linear(mixed, f"{at}.attn1.to_out.0")
        y = norm(h, config["norm_eps"]) * (1 + scale2) + shift2
        h = h + gate2 * linear(ACTIVATIONS[config["activation_fn"]](linear(y, f"{at}.ff.net.0.proj")), f"{at}.ff.net.2")
    shift, scale = np.split(linear(embedding(t, labels, 0), "proj_out_1")[:, None], 2, -1)
    out = linear(norm(h, 1e-6) * (1 + scale) + shift, "proj_out_2")
    return out.reshape(images, SIDE, SIDE, PATCH, PATCH, -1).transpose(0, 5, 1, 3, 2, 4).reshape(images, -1, SIZE, SIZE)


def alphas_cumprod(scheduler):
    betas = np.linspace(scheduler["beta_start"], scheduler["beta_end"], scheduler["num_train_timesteps"])
    if scheduler["trained_betas"]:
        betas = np.array(scheduler["trained_betas"])
    alphas = np.cumprod(1 - betas)
    if not scheduler["rescale_betas_zero_snr"]:
        return alphas
    roots = np.sqrt(alphas)
    return ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2


def draw(x, scheduler, config):
    assert scheduler["timestep_spacing"] == "leading"
    alphas = alphas_cumprod(scheduler)
    last = 1.0 if scheduler["set_alpha_to_one"] else alphas[0]
    stride = len(alphas) // STEPS
    for t in (np.arange(STEPS) * stride)[::-1] + scheduler["steps_offset"]:
        out = transformer(np.concatenate([x, x]), float(t), LABELS + [10] * len(LABELS), config)[:, :CHANNELS]
        conditional, unconditional = np.split(out, 2)
        noise = unconditional + SCALE * (conditional - unconditional)
        clean = (x - math.sqrt(1 - alphas[t]) * noise) / math.sqrt(alphas[t])
        if scheduler["clip_sample"]:
            clean = clean.clip(-scheduler["clip_sample_range"], scheduler["clip_sample_range"])
        previous = alphas[t - stride] if t >= stride else last
        x = math.sqrt(previous) * clean + math.sqrt(1 - previous) * noise
    return x


CONFIG = json.loads((CASE / "transformer/config.json").read_text())
COUNT = len(LABELS) * CHANNELS * SIZE * SIZE
NOISE = (1.4 * np.sin(0.37 * np.arange(COUNT) ** 2)).astype(np.float32).astype(float).reshape(-1, CHANNELS, SIZE, SIZE)


def show(name, scheduler="", **config):
    path = CASE / (f"schedulers/{scheduler}" if scheduler else "scheduler") / "scheduler_config.json"
    latents = draw(NOISE, json.loads(path.read_text()), {**CONFIG, **config}).reshape(-1)
    print(f"{name}: [{', '.join(f'{value:.8g}' for value in latents[::97])}]")


if __name__ == "__main__":
    show("gelu", activation_fn="gelu", norm_eps=0.01)
    show("clip_sample", scheduler="clip_sample")
    show("zero_snr", scheduler="zero_snr")
