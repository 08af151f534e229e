"""Whether a build passes: budgets and regressions, judged so that noise neither fails nor passes it. Pure."""
