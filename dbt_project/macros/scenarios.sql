{#-
What the scenarios say (scenarios/*.yaml), read from ops.scenario when a model runs: their conditions are SQL there, over
a row named `attribute` (int_person_attribute), or `arrival` for the colours of isolation. A file that was changed shows
in the next run.
-#}

{#- The scenarios that run on D, as their definitions say, by name (R-SCEN-2). -#}
{% macro running_scenarios() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set query -%}
            select cast(definition as text) from ops.scenario_in_force({{ as_of() }}) order by scenario
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.append(fromjson(row[0])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- The scenario that says what home isolation is, whether it runs or not: past episodes follow it too (R-ISO-1). -#}
{% macro isolation() -%}
    {%- if not execute -%}
        {{ return({
            'isolation': {'days': 1, 'at_home': ['blue']}, 'levels': {'blue': 1},
            'colours': [{'condition': 'true', 'colour': 'blue', 'label_zh': ''}],
        }) }}
    {%- endif -%}
    {%- set query = "select cast(definition as text) from ops.scenario where definition -> 'isolation' <> 'null'" -%}
    {%- set found = run_query(query).rows -%}
    {%- if not found -%}
        {%- do exceptions.raise_compiler_error("No scenario says what home isolation is: see `street scenario list`") -%}
    {%- endif -%}
    {{ return(fromjson(found[0][0])) }}
{%- endmacro %}

{#- How long home isolation lasts, in days. -#}
{% macro isolation_days() -%}
    {{ isolation().isolation.days }}
{%- endmacro %}

{#- The colour of a rule of isolation by its number, counted from the gravest, 1. -#}
{% macro colour_of_rule(rule) -%}
    case {{ rule }}
    {%- for colour in isolation().colours %} when {{ loop.index }} then '{{ colour.colour }}'{% endfor %} end
{%- endmacro %}

{#- The number of the gravest rule of a colour. -#}
{% macro rule_of_colour(colour) -%}
    case {{ colour }}
    {%- for rule in isolation().colours %} when '{{ rule.colour }}' then {{ loop.index }}{% endfor %} end
{%- endmacro %}

{#- The colours of isolation and what people call each, the gravest first. -#}
{% macro isolation_colours() -%}
    {%- set found = {} -%}
    {%- for rule in isolation().colours if rule.colour not in found -%}
        {%- do found.update({rule.colour: rule.label_zh}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- What people call a colour of isolation. -#}
{% macro isolation_colour_label(colour) -%}
    case {{ colour }}
    {%- for name, label in isolation_colours().items() %} when '{{ name }}' then '{{ label | replace("'", "''") }}'{% endfor %} end
{%- endmacro %}

{#- The level of so many persons: the highest whose bound is reached (R-ISO-12). `levels`: level -> least persons. -#}
{% macro level_of(persons, levels) -%}
    case
    {%- for level, least in levels | dictsort(by='value') | reverse %}
        when {{ persons }} >= {{ least }} then '{{ level }}'
    {%- endfor %}
        else 'none'
    end
{%- endmacro %}

{#- The colour of a person of a scenario: the first that is met; of isolation that of the episode, whose arrivals were
    asked (R-ISO-9). -#}
{% macro scenario_colour(scenario) -%}
    {%- if scenario.isolation -%}
        attribute.isolation_colour
    {%- else -%}
        case
        {%- for colour in scenario.colours %} when {{ colour.condition }} then '{{ colour.colour }}'{% endfor %} end
    {%- endif -%}
{%- endmacro %}
