"""What does a design review read? A comparison as one page: question, verdict, tables, plots, formulas, sources."""
