"""The sites that are measured: a project of `startproject`, with one contender added to it."""
