"""Reference numbers of the tests, from numpy, scipy and scikit-image (Debian: python3-skimage). Run: /usr/bin/python3 test/reference.py"""
import numpy as np
import scipy.linalg
from skimage.metrics import structural_similarity


def uniform(seed, *shape):
    """The Park-Miller generator, as `parkMiller` in reference.test.ts, rounded to float32."""
    state, values = seed, []
    for _ in range(int(np.prod(shape))):
        state = state * 16807 % 2147483647
        values.append(state / 2147483647)
    return np.array(values, dtype=np.float32).reshape(shape)


def ssim(a, b, peak):
    options = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=peak)
    return np.mean([structural_similarity(x, y, **options) for x, y in zip(a.astype(float), b.astype(float))])


def frechet(a, b):
    a, b = a.astype(float), b.astype(float)
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(ca @ cb)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * root.real)


def kernel(a, b):
    a, b = a.astype(float), b.astype(float)
    k = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    within = lambda x: (k(x, x).sum() - np.trace(k(x, x))) / (len(x) * (len(x) - 1))
    return within(a) + within(b) - 2 * k(a, b).mean()


def nuclear(a, b):
    """The Frechet distance by singular values of the centred data: exact for singular covariances, where sqrtm is not."""
    a, b = a.astype(float), b.astype(float)
    xa, xb = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a, b)]
    roots = np.linalg.svd(xa @ xb.T, compute_uv=False).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + (xa**2).sum() + (xb**2).sum() - 2 * roots


image = uniform(1, 3, 20, 17)
noisy = (image + np.float32(0.25) * uniform(2, 3, 20, 17)).astype(np.float32)
print('ssim, peak 1', repr(ssim(image, noisy, 1)))
print('ssim, 1 x 11 x 11', repr(ssim(image[:1, :11, :11], noisy[:1, :11, :11], 1)))
a, b = uniform(3, 40, 6), uniform(4, 30, 6) ** 2
print('frechet, 40 and 30 of 6', repr(frechet(a, b)), repr(nuclear(a, b)))
few, fewer = uniform(5, 8, 24), uniform(6, 5, 24)
print('frechet, 8 and 5 of 24', repr(nuclear(few, fewer)))
print('kernel, 40 and 30 of 6', repr(kernel(a, b)))
