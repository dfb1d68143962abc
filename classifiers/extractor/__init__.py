"""Training of the main-content model: pages, labels of their blocks, and the examples made of both."""
