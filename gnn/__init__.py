"""Graph learning: the learning graph, its models and their honest evaluation. Nothing is here yet."""
