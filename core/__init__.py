"""The product without its screens: domain, analysis, flow, steps, adapters, storage."""
