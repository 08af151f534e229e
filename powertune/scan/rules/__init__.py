"""What may waste money, one rule to a module; `powertune.scan.rule_table` lists them."""
