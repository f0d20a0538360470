"""Runs models that Lanewise exported as stand-alone WebAssembly: the same bits as in TypeScript."""

from .model import LanewiseError, Model

__all__ = ["LanewiseError", "Model"]
