"""How a critic generalises: its neural tangent kernel, and what that says of divergence.

`gram` and `products` make the kernel, `summaries` describe it, `contraction` and `seem` judge Q iteration by it,
`eigenvalues` finds what SEEM needs, `preconditioning` inverts it, `directions` compares two of its kind, `homogeneity`
and `growth` hold the laws by which a diverging critic grows, `jackknife` the intervals of those.
Critics come as `q_fn(params, obs, action) -> []`, of one pair; points as `(obs, action)` with one leading axis.
"""
