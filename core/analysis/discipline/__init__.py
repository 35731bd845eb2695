"""Two books, the plan by rule and what was filled, and what the operator did in between."""
