"""One module per published claim or figure: what to run, what to plot, what must hold."""
