"""The host side of a run: the schedule of due events, the loop over chunks, signals, resuming, progress."""
