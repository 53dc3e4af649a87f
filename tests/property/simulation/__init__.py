"""The prover: whole lives of the daemon, simulated from one number, and a checker that knows the promises.

The real pass, store and clients work on the sandbox's shop and org. Their HTTP is a function call, their clock is
handed in, and every exchange and every transaction is a numbered step: the same seed is the same run, always.
"""
