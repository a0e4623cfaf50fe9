"""From effects and measurements to scorecard weights and coaching."""
