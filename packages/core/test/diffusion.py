"""Prints the numbers that src/diffusion.test.ts and src/timesteps.test.ts hold, from formulas written down anew (standard library only).

The rules follow improved-diffusion's respace.py and diffusers' scheduling_ddim.py. Run: python3 test/diffusion.py
"""

import math


def space_timesteps(train, count):
    stride = 1 if count <= 1 else (train - 1) / (count - 1)
    position, taken = 0.0, []
    for _ in range(count):
        taken.append(round(position))
        position += stride
    return taken


def ddim_timesteps(train, count):
    for stride in range(1, train):
        if len(range(0, train, stride)) == count:
            return list(range(0, train, stride))
    return None


def leading(train, count, offset=0):
    return [i * (train // count) + offset for i in range(count)]


def trailing(train, count):
    # numpy.arange(train, 0, -train / count): start + i * ((start + step) - start)
    stride = (train + -(train / count)) - train
    return sorted(round(train + i * stride) - 1 for i in range(count))


def linspace(train, count):
    stride = (train - 1) / max(1, count - 1)
    return [round(i * stride) for i in range(count)]


def betas(train=1000, first=1e-4, last=0.02, scaled=False):
    if scaled:
        first, last = math.sqrt(first), math.sqrt(last)
    values = [first + i * (last - first) / (train - 1) for i in range(train)]
    return [v * v for v in values] if scaled else values


def cumulative(values):
    product, out = 1.0, []
    for beta in values:
        product *= 1 - beta
        out.append(product)
    return out


def respaced(alphas, taken):
    """The cumulative alphas of the betas that SpacedDiffusion recomputes."""
    last, kept = 1.0, []
    for t in taken:
        kept.append(1 - alphas[t] / last)
        last = alphas[t]
    return cumulative(kept)


def checksum(rule):
    """One number over every count from 1 to 1000 that the rule allows."""
    total = 0
    for count in range(1, 1001):
        for i, t in enumerate(reversed(rule(1000, count) or [])):
            total = (total + count * (i + 1) * (t + 1)) % 1000000007
    return total


if __name__ == "__main__":
    for rule in (space_timesteps, ddim_timesteps, leading, trailing, linspace):
        print(rule.__name__, checksum(rule), rule(1000, 50)[::-1])
    print("original 7 of 20, 250 of 1000:", space_timesteps(20, 7)[::-1], space_timesteps(1000, 250)[::-1][:8])
    print("trailing 48:", trailing(1000, 48)[::-1][:12], "leading 20+1:", leading(1000, 20, 1)[::-1][:3])
    for scaled, first, last in ((False, 1e-4, 0.02), (True, 0.00085, 0.012)):
        alphas = cumulative(betas(1000, first, last, scaled))
        print("alphas", scaled, {t: alphas[t] for t in (0, 1, 20, 499, 958, 979, 999)})
    alphas = cumulative(betas())
    taken = space_timesteps(1000, 50)
    print("respaced", max(abs(a / alphas[t] - 1) for a, t in zip(respaced(alphas, taken), taken)))
