-- Every policy that was set, the newest last.
select p.id, s.name, p.stream is null as every, p.policy, p.set_at, p.set_by
  from prooftrail.retention_policy p
  left join prooftrail.stream s on s.number = p.stream
 order by p.id
