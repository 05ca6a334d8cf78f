"""How the process starts and ends, and the files it reads and writes."""
