{#- Over structure, so a breach stops the publication: the columns are a key, together unique and never null. -#}
{% test key(model, columns) %}
{{ not_a_key(model, columns) }}
{% endtest %}
