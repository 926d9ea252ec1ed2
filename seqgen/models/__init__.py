"""What a trained model is on disk: its bundle, its card, and the settings of its run."""
