"""The compiled part of block lists."""
