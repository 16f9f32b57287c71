-- How many signatures a stream has in a period, and the longest times between two of them:
-- of each stream a few rows, one where it has no more than one.
select g.stream, g.n, g.before, g.signed_us
  from (
    select s.stream, s.n, s.before, s.signed_us,
           row_number() over (partition by s.stream
             order by s.signed_us - s.before desc nulls last, s.signed_us) as rank
      from (
        select c.stream, c.signed_us, count(*) over (partition by c.stream) as n,
               lag(c.signed_us) over (partition by c.stream order by c.signed_us) as before
          from prooftrail.checkpoint c
         where c.stream = any({streams}::smallint[])
           and c.signed_us >= {from_us}::bigint and c.signed_us < {to_us}::bigint) s) g
 where g.rank <= {longest}
 order by g.signed_us - g.before desc nulls last, g.stream, g.before
