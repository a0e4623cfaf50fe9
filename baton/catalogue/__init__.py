"""The catalogue of KPIs, journey stages and coaching actions."""
