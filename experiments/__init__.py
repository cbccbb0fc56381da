"""One module per published claim or figure: what to run, what must hold, what to draw.

`experiment` has the records, `catalogue` the list, `protocols` the runs they share, `evidence` what is read from
finished runs, `comparisons` how a claim is decided (the arithmetic is `divbench.statistics`), `reproduce` the order of
the work.

The records load neither JAX nor numpy nor matplotlib: heavy imports stand inside the functions.
"""
