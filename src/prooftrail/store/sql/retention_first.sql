-- The first entry of a stream that stands in a month's partition, by the primary key alone.
select min(seq) from prooftrail.log
 where stream = %(stream)s and recorded_us >= %(from_us)s and recorded_us < %(to_us)s
