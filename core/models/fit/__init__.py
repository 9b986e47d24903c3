"""Will it fit? Predicted before anything is loaded."""
