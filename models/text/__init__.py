"""The `text` scorer: the window as prose, into any Hugging Face sequence classification model."""
