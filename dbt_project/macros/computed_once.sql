{#-
Ends a subquery whose values the planner is to read once, not once a use. '0' and not 0: a number is still a cast when
PostgreSQL looks for a limit, and a subquery with a limit is never read in parallel.
-#}
{% macro computed_once() -%}
    offset '0'
{%- endmacro %}
