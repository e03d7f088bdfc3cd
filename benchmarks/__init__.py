"""How fast is it, beside what people would otherwise run? Ratios within one run; `make bench` runs them all."""
