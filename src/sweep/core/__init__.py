"""Errors, formats of numbers and text, rules, and declarations of settings, for every other folder."""
