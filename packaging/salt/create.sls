{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- dom0: the templates, the vault without a network, the clients; and the services that decide what
    the packages do in a qube. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- if grains['id'] == 'dom0' %}
{%- set templates = [config.split_ssh_template, config.split_ssh_client_template] | unique | list %}

{%- if config.split_ssh_base %}
{%- for template in templates %}
"split-ssh-template-{{ template }}":
  qvm.clone:
    - name: {{ template }}
    - source: {{ config.split_ssh_base }}
{% endfor %}
{%- endif %}

"split-ssh-vault":
  qvm.vm:
    - name: {{ config.split_ssh_vault }}
    - present:
      - template: {{ config.split_ssh_template }}
      - label: {{ config.split_ssh_vault_label }}
    - prefs:
      - netvm: ''
    - features:
      - enable:
        - service.split-ssh-vault
{%- if config.split_ssh_base %}
    - require:
      - qvm: "split-ssh-template-{{ config.split_ssh_template }}"
{%- endif %}

{%- for client in config.split_ssh_clients %}

"split-ssh-client-{{ client.name }}":
  qvm.vm:
    - name: {{ client.name }}
    - present:
      - template: {{ config.split_ssh_client_template }}
      - label: {{ client.get('label', 'blue') }}
    - features:
      - enable:
        - service.split-ssh-client
{%- if config.split_ssh_base %}
    - require:
      - qvm: "split-ssh-template-{{ config.split_ssh_client_template }}"
{%- endif %}
{%- endfor %}
{%- endif %}
