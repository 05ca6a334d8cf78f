"""Papers as data: what they published, what we train for it, and the report that puts both side by side."""
