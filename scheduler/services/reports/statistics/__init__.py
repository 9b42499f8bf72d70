"""The rows of figures: how full halls are, which chains meet, who walks when, and answers by day."""
