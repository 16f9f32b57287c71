"""Ninety days of a company, by real requests; what happened is known beforehand.

`people` is who works there, `plan` what they do when, `drive` does it over HTTP and
seals each day at its own time, `truth` writes down what must be in the log: from the
plan alone, never from the log.
"""
