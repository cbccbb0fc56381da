"""Results of other code bases, read and written as those code bases do: one module per dialect, and what they share.

Entry points: `importing.import_results` for reading, `catalogue.DIALECTS` for both. What to export of a run is decided
in `divbench.report.exporting`.
"""
