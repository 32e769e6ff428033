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
    {% do create_indexes(relation) %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(relation, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
