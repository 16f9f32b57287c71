-- Where each stream ends, for whom may know it.
select h.stream, h.seq from prooftrail.my_head h where h.seq >= 0
