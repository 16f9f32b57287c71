-- The longest times in which a stream has no event of an application: what the trail does
-- by itself, and that it is read, is none.
select g.stream, g.before, g.occurred_us
  from (
    select l.stream, l.occurred_us,
           lag(l.occurred_us) over (partition by l.stream order by l.occurred_us) as before
      from prooftrail.log l
     where l.continues is null and {conditions}) g
 where g.before is not null and g.occurred_us > g.before
 order by g.occurred_us - g.before desc, g.stream, g.before
 limit {most}
