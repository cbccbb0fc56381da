"""`divbench ntk`: kernels of critics that were never trained: what was asked for, rows, tables, pictures."""
