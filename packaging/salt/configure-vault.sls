{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- The vault: directories for keys, and the rules for the clients. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- if grains['id'] == config.split_ssh_vault %}
{%- set user = config.split_ssh_user %}
{%- set home = '/home/' ~ user %}
{%- set private = ['.ssh', '.ssh/identities.d'] %}
{%- for client in config.split_ssh_clients %}
{%- for agent in client.get('agents', ['default']) if agent != 'default' %}
{%- do private.append('.ssh/identities.d/' ~ agent) %}
{%- endfor %}
{%- endfor %}
{%- do private.append('.config/qubes-split-ssh') %}

"split-ssh-home-.config":
  file.directory:
    - name: {{ home }}/.config
    - user: {{ user }}
    - group: {{ user }}

{%- for directory in private | unique %}

"split-ssh-home-{{ directory }}":
  file.directory:
    - name: {{ home }}/{{ directory }}
    - user: {{ user }}
    - group: {{ user }}
    - mode: '0700'
{%- if '/' in directory %}
    - require:
      - file: "split-ssh-home-{{ directory.rpartition('/')[0] }}"
{%- endif %}
{%- endfor %}

"split-ssh-rules":
  file.managed:
    - name: {{ home }}/.config/qubes-split-ssh/10-split-ssh.conf
    - source: salt://split-ssh/files/vault/10-split-ssh.conf.j2
    - template: jinja
    - context:
        split_ssh_clients: {{ config.split_ssh_clients | json }}
        split_ssh_rules: {{ config.split_ssh_rules | json }}
    - user: {{ user }}
    - group: {{ user }}
    - mode: '0600'
    - require:
      - file: "split-ssh-home-.config/qubes-split-ssh"
{%- endif %}
