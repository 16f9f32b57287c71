-- The subject rows of a segment.
copy (
  select seq, subject, occurred_us, recorded_us
    from prooftrail.subject
   where stream = {stream} and seq >= {start} and seq < {stop}
   order by seq, subject
) to stdout (format binary)
