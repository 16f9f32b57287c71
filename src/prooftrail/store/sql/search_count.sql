-- How many events answer a question.
select count(*) from ({keys}) k
