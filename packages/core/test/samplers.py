"""Prints the trajectories that src/samplers/*.test.ts hold (standard library only).

Written after improved-diffusion's gaussian_diffusion.py and respace.py, with their arrays and names: the betas are
recomputed for the timesteps kept, and the index counts down. Run: python3 test/samplers.py
"""

import math
import struct

from diffusion import betas as named_betas
from diffusion import cumulative, space_timesteps

TAKEN = space_timesteps(1000, 5)
IMAGES, SIZE = 2, 2


def f32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def spaced_arrays():
    full = cumulative(named_betas())
    last, kept = 1.0, []
    for t in TAKEN:
        kept.append(1 - full[t] / last)
        last = full[t]
    alphas_cumprod = cumulative(kept)
    return kept, alphas_cumprod, [1.0] + alphas_cumprod[:-1]


def model(x, t):
    """Noise, and where the variance lies, of each number."""
    noise = [f32(0.4 * v + 0.1 * math.sin(t / 100 + i)) for i, v in enumerate(x)]
    return noise, [f32(math.sin(t / 50 + i)) for i in range(len(x))]


def injected(step, count):
    return [f32(math.cos(3 * step + i)) for i in range(count)]


def clamp(value, clip):
    return value if clip is None else min(max(value, -clip), clip)


def ddim(x, eta=0.0, clip=None):
    _, ac, ac_prev = spaced_arrays()
    for step, i in enumerate(reversed(range(len(TAKEN)))):
        noise, _ = model(x, TAKEN[i])
        draw, out = injected(step, len(x)), []
        for j, v in enumerate(x):
            pred_xstart = clamp(math.sqrt(1.0 / ac[i]) * v - math.sqrt(1.0 / ac[i] - 1) * noise[j], clip)
            eps = (math.sqrt(1.0 / ac[i]) * v - pred_xstart) / math.sqrt(1.0 / ac[i] - 1)
            sigma = eta * math.sqrt((1 - ac_prev[i]) / (1 - ac[i])) * math.sqrt(1 - ac[i] / ac_prev[i])
            mean_pred = pred_xstart * math.sqrt(ac_prev[i]) + math.sqrt(1 - ac_prev[i] - sigma**2) * eps
            out.append(f32(mean_pred + (1 if i != 0 else 0) * sigma * draw[j]))
        x = out
    return x


def ddpm(x, kind, clip=None):
    betas, ac, ac_prev = spaced_arrays()
    variance = [b * (1.0 - p) / (1.0 - a) for b, a, p in zip(betas, ac, ac_prev)]
    log_variance_clipped = [math.log(v) for v in [variance[1]] + variance[1:]]
    for step, i in enumerate(reversed(range(len(TAKEN)))):
        noise, learned = model(x, TAKEN[i])
        draw, out = injected(step, len(x)), []
        for j, v in enumerate(x):
            if kind == "learned-range":
                frac = (learned[j] + 1) / 2
                log_variance = frac * math.log(betas[i]) + (1 - frac) * log_variance_clipped[i]
            elif kind == "fixed-small":
                log_variance = log_variance_clipped[i]
            else:
                log_variance = math.log(([variance[1]] + betas[1:])[i])
            pred_xstart = clamp(math.sqrt(1.0 / ac[i]) * v - math.sqrt(1.0 / ac[i] - 1) * noise[j], clip)
            coef1 = betas[i] * math.sqrt(ac_prev[i]) / (1.0 - ac[i])
            coef2 = (1.0 - ac_prev[i]) * math.sqrt(1.0 - betas[i]) / (1.0 - ac[i])
            mean = coef1 * pred_xstart + coef2 * v
            out.append(f32(mean + (1 if i != 0 else 0) * math.exp(0.5 * log_variance) * draw[j]))
        x = out
    return x


if __name__ == "__main__":
    start = [f32(v) for v in (0.5, -1.25, 2.0, 0.125)]
    print("ddim", ddim(start))
    print("ddim eta 0.7", ddim(start, eta=0.7))
    print("ddim eta 1 clip 1", ddim(start, eta=1.0, clip=1.0))
    for kind in ("learned-range", "fixed-small", "fixed-large"):
        print("ddpm", kind, ddpm(start, kind))
    print("ddpm learned-range clip 1", ddpm(start, "learned-range", clip=1.0))
