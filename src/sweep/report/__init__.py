"""From records to what people read: tidy tables, summaries, figures."""
