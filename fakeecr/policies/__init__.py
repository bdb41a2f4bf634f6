"""Policies as documents: what may stand in them, and what they decide. Data in, decisions out; no SQL, no wire."""
