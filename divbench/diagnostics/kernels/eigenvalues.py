"""The eigenvalue with the largest real part of a matrix that is not symmetric, and a norm; on the host, by numpy.

JAX finds eigenvalues of such matrices on a CPU only, and inside a program they would hold up the device: matrices are
made on the device and brought here. Nothing here knows of critics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SMALL = 32  # rows; up to here all eigenvalues are as cheap as one
KRYLOV = 80  # vectors that the iteration keeps
TOLERANCE = 1e-6  # of the eigenvalue plus the norm
ITERATIONS = 100  # restarts


def largest_real_part(matrix: np.ndarray) -> float:
    """max_k Re(lambda_k) of a square matrix `[N, N]`, by all its eigenvalues in float64; its unit is the matrix's.

    NaN if the matrix is not finite.

    Raises:
      ValueError: it is not square, or empty.
    """
    import numpy as np

    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"a matrix of shape {matrix.shape} has no eigenvalues; expected (N, N)")
    matrix = np.asarray(matrix, np.float64)
    if not np.isfinite(matrix).all():
        return float("nan")
    return float(np.linalg.eigvals(matrix).real.max())


def rightmost(product: Callable[[np.ndarray], np.ndarray], size: int, *, scale: float, seed: int = 0
              ) -> tuple[float, bool]:
    """max_k Re(lambda_k) of a matrix known by its products, by Arnoldi iteration with implicit restarts (ARPACK).

    It iterates on A / scale + I, whose eigenvalues lie to the right of 0: so an eigenvalue near 0 is found to
    `TOLERANCE` of the scale, where a tolerance relative to itself could not be met.

    Args:
      product: v `[N]` to A v `[N]`, float64.
      size: N. Up to 32 rows the matrix is written out instead.
      scale: about the norm of A; 0 says that A is 0.
      seed: of the first vector.

    Returns:
      The largest real part and True; NaN and False if a product is not finite or the iteration does not converge.
    """
    import numpy as np
    from scipy.sparse import linalg

    if scale == 0.0:
        return 0.0, True
    if not np.isfinite(scale):
        return float("nan"), False
    if size <= SMALL:
        value = largest_real_part(np.stack([product(unit) for unit in np.eye(size)], 1))
        return value, bool(np.isfinite(value))
    operator = linalg.LinearOperator((size, size), lambda v: product(v.ravel()) / scale + v.ravel(), dtype=np.float64)
    first = np.random.default_rng(seed).normal(size=size)
    try:
        found = linalg.eigs(operator, 2, which="LR", v0=first, ncv=min(size, KRYLOV), tol=TOLERANCE,
                            maxiter=ITERATIONS, return_eigenvectors=False)
    except linalg.ArpackError:
        return float("nan"), False
    value = float(scale * (found.real.max() - 1.0))
    return value, bool(np.isfinite(value))


def estimate_norm(product: Callable[[np.ndarray], np.ndarray], transposed: Callable[[np.ndarray], np.ndarray],
                  size: int, *, probes: int, seed: int = 0) -> float:
    """The Frobenius norm of a matrix known by its products, estimated with 3 * probes of them.

    A = Q Q^T A + (I - Q Q^T) A with Q a basis of A S, S random signs: the first part, nearly all of a matrix whose
    singular values fall fast, is exact; of the second the mean of |(I - Q Q^T) A z|^2 over random signs z is
    an unbiased estimate. Source: Hutch++, Meyer et al., 2010.09649, for the trace of A^T A. Exact where N <= probes.

    Args:
      product, transposed: `[N, k]` to A and A^T times it.
      size: N.
      probes: k.
      seed: of the signs.

    Returns:
      |A|_F, in the unit of A; NaN if a product is not finite.
    """
    import numpy as np

    if size <= probes:
        return float(np.linalg.norm(product(np.eye(size))))
    sketch, rest = np.random.default_rng(seed).choice([-1.0, 1.0], (2, size, probes))
    image = product(sketch)
    if not np.isfinite(image).all():
        return float("nan")
    basis = np.linalg.qr(image)[0]
    held = np.sum(np.square(transposed(basis)))
    left = product(rest)
    left -= basis @ (basis.T @ left)
    return float(np.sqrt(held + np.sum(np.square(left)) / probes))
