"""Commands that look after data and models: what has changed, and whether models are trained anew."""
