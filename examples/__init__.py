"""Runnable examples: they import only the kernel, so that they show the product from outside."""
