-- How many events of each stream answer a question.
select k.stream, count(*) from ({keys}) k group by k.stream
