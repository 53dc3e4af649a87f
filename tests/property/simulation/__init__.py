"""The prover: whole lives of the daemon, simulated from one number, and a checker of the promises.

The real pass, store and clients work on the sandbox's shop and org. Their HTTP is a function call, and their clock
is handed in. Every exchange and every transaction is a numbered step: the same seed is always the same run.
"""
