{#-
Over persons or records: the columns are a key here too, but one person never stops a street. A breach is a warning in
ops.node_run; whoever stands twice in what is published is listed by the check `standing_twice`.
-#}
{% test stands_once(model, columns) %}
{{ config(severity='warn') }}
{{ not_a_key(model, columns) }}
{% endtest %}
