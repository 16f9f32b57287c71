-- Events by their resource, and those by their subjects: each once.
({own}) union ({touched})
