"""trainwatch inside a Python program: the page it writes, and how it died.

Three rules. Nothing here raises into the program, waits, or prints. Nothing
here imports a module by a name that one of the program's own files could
answer: `library` looks in Python's own directories only. And nothing here runs
the program's code, not even a __str__ or a property of its exceptions.
"""
