"""When models are trained anew, and what a challenger must show."""
