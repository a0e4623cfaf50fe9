"""Baton's predictors beside what a user would pick instead, on many tables: same rows, same folds, same metric."""
