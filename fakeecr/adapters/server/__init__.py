"""The adapter for HTTP: a WSGI application, a server of its own for it, and what child processes need to reach it.

It needs the extra ``fakeecr[server]``.
"""
