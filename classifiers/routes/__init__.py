"""The scores by which documents are routed to mathematics and to code: labelled pages, training, the shipped weights."""
