"""Small applications, one a framework, that the same contract is held against."""
