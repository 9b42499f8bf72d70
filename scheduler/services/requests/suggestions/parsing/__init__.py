"""What the sentences of a firm's text say that it offers and needs, in English, Chinese and Hungarian."""
