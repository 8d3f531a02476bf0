"""Who asks: from a request to a principal."""
