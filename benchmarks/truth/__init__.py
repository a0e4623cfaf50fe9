"""Advice against the truth: worlds that differ in form, judged beside the rules a user would pick instead."""
