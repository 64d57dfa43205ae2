{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- A client: whom it calls, and a socket for each agent that is not the default one. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- set user = config.split_ssh_user %}
{%- set wants = '/home/' ~ user ~ '/.config/systemd/user/sockets.target.wants' %}
{%- for client in config.split_ssh_clients if client.name == grains['id'] %}
{%- set words = {
    'split-ssh-vault': config.split_ssh_vault if client.get('vault_by_name') else '',
    'split-ssh-default-agent': client.get('default_agent', ''),
} %}

{%- for file, word in words.items() %}

"split-ssh-config-{{ file }}":
{%- if word %}
  file.managed:
    - name: /rw/config/{{ file }}
    - contents: {{ word | json }}
    - user: root
    - group: root
    - mode: '0644'
{%- else %}
  file.absent:
    - name: /rw/config/{{ file }}
{%- endif %}
{%- endfor %}

{%- for agent in client.get('agents', []) if agent != 'default' %}
{%- if loop.first %}

"split-ssh-sockets":
  file.directory:
    - name: {{ wants }}
    - user: {{ user }}
    - group: {{ user }}
    - makedirs: True
{%- endif %}

"split-ssh-socket-{{ agent }}":
  file.symlink:
    - name: {{ wants }}/split-ssh-relay@{{ agent }}.socket
    - target: /usr/lib/systemd/user/split-ssh-relay@.socket
    - user: {{ user }}
    - group: {{ user }}
    - require:
      - file: "split-ssh-sockets"
{%- endfor %}
{%- endfor %}
