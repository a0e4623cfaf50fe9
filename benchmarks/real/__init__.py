"""The example companies on real data: how well outcomes are foreseen, what is advised, and whether it holds."""
