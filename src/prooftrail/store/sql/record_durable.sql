-- An acknowledged event is on disk: a default of off would lose the last third of a
-- second when the server's machine stops. Other settings are the administrator's.
select set_config('synchronous_commit', 'on', false)
 where current_setting('synchronous_commit') = 'off';
