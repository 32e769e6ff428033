{#- A model's table, made in the place of the last one within one transaction: a model that fails leaves the last one.
    dbt's own way makes it under another name, renames both and drops the last, a fifth of what a build of a small street
    takes. Nobody waits for the lock meanwhile: readers see what is published, never these (street/publish.py). -#}
{% materialization table, adapter='postgres' %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set last = load_cached_relation(this) -%}
    {%- if last is not none and not last.is_table -%}
        {%- do adapter.drop_relation(last) -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        drop table if exists {{ relation }} cascade;
        {{ get_create_table_as_sql(False, relation, sql) }}
    {%- endcall %}
    {% call statement('completion') -%}
        {{ completion(relation, model) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- What a new table lacks: indexes, statistics and descriptions. All at once, for on a small street each question to the
    database takes longer than its answer; of the columns all that are described are there, or the model fails. -#}
{% macro completion(relation, model) -%}
    {%- for index in config.get('indexes', default=[]) %}
    {{ get_create_index_sql(relation, index) }};
    {%- endfor %}
    analyze {{ relation }};
    {%- if config.persist_relation_docs() and model.description %}
    {{ alter_relation_comment(relation, model.description) }};
    {%- endif %}
    {%- if config.persist_column_docs() %}
    {%- for column in model.columns.values() if column.description %}
    comment on column {{ relation }}.{{ column.name }} is {{ postgres_escape_comment(column.description) }};
    {%- endfor %}
    {%- endif %}
{%- endmacro %}
