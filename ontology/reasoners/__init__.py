"""Reasoners behind one port: HermiT and ELK as processes of their own, and the merges that they judge."""
