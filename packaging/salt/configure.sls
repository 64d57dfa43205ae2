{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- What this machine is to be, by its name. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- set id = grains['id'] %}
{%- set clients = config.split_ssh_clients | map(attribute='name') | list %}
{%- if id == 'dom0' %}
include:
  - .configure-dom0
{%- elif id == config.split_ssh_vault %}
include:
  - .configure-vault
{%- elif id in clients %}
include:
  - .configure-client
{%- endif %}
