{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- dom0: which client reaches which of the vault's agents. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- if grains['id'] == 'dom0' %}

"split-ssh-policy":
  file.managed:
    - name: /etc/qubes/policy.d/31-split-ssh.policy
    - source: salt://split-ssh/files/admin/31-split-ssh.policy.j2
    - template: jinja
    - context:
        split_ssh_vault: {{ config.split_ssh_vault }}
        split_ssh_clients: {{ config.split_ssh_clients | json }}
    - user: root
    - group: qubes
    - mode: '0664'
{%- endif %}
