-- One row per feed that has something in force at D.
select distinct feed
from ops.batch_in_force({{ as_of() }})
