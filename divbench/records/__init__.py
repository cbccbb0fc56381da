"""Evidence on disk: run folder, journal, checkpoints, tables. What it means is for `verdict` and `report`."""
