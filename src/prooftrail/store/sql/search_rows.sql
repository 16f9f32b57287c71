-- The entries of a page's keys. No entry was recorded earlier than 5 minutes before its
-- event time: `since` leaves out the partitions before.
{found}
  join unnest({streams}::smallint[], {seqs}::bigint[]) as k (stream, seq)
    on l.stream = k.stream and l.seq = k.seq and l.recorded_us >= {since}::bigint
 order by l.occurred_us desc, l.seq desc, l.stream desc
