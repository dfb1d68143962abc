"""Pages whose general quality was labelled by reading: the exam and training labels of the quality classifiers."""
