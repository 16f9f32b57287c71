-- How many events PostgreSQL expects to answer a question: nothing is read for it.
explain (format json) {rows}
