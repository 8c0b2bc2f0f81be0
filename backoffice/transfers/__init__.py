"""Imports with a preview, and exports: files in and out of the house."""
