"""The report as one self-contained HTML file: what it holds (Python) and how it behaves (`assets/`)."""
