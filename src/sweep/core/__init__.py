"""What every other folder may use: errors, formats of numbers and text, declarations of settings."""
