-- dim_committee stood in core, for the pipeline alone. Rights are given when a table is first published, so what was
-- published goes, and the next publication shows it in marts to everybody (docs/rules.md, R-PRIV-4).

drop view if exists core.dim_committee;
drop table if exists versions.dim_committee;
delete from ops.published where mart = 'dim_committee';
