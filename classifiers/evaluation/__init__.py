"""How good a classifier is: splits by domain, curves with intervals, calibration, thresholds, baselines, and the page of a card."""
