"""Datasets on disk: written, opened, thinned out, described, and exchanged with D4RL's HDF5 layout and Minari.

Entry points: `writer.DatasetWriter`, `dataset.open_dataset`, `subset.subset`, `info.describe`, and for files of others
`exchange.import_dataset` and `exchange.export_dataset`. What a request may say is in `request`; acting and training
are not here.
"""
