"""Prints the numbers of PyTorch that src/random.test.ts holds. Run: python3 test/randn.py (with torch)."""

import torch


def draw(seed, count):
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


def show(values):
    return "[" + ", ".join(f"{v:.9g}" for v in values.tolist()) + "]"


if __name__ == "__main__":
    for seed in (0, 42, 2**32 - 1, 2**32 + 42, 2**53 - 1):
        for count in (1, 5, 15, 16, 17, 40):
            if seed in (0, 42) or count in (5, 17):
                print(f"  [{seed}, {show(draw(seed, count))}],")
        values = draw(seed, 1024).double()
        picked = show(values[[0, 7, 8, 15, 511, 1007, 1008, 1023]])
        print(f"  1024: [{seed}, {picked}, {values.sum().item()!r}, {(values * values).sum().item()!r}],")
    print("uniform 42", torch.rand(4, generator=torch.Generator().manual_seed(42)).tolist())
    generator = torch.Generator().manual_seed(7)
    for count in (3, 2, 17, 3):
        print("in turn", count, show(torch.randn(count, generator=generator)))
