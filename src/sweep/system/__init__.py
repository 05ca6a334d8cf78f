"""The operating system's side: how the process starts and stops, and the files it reads and writes."""
