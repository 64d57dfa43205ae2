{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- The vault's template. #}
{%- from 'split-ssh/map.jinja' import config with context %}
{%- if grains['id'] != 'dom0' %}
{%- set askpass = {'Debian': 'ssh-askpass-gnome', 'RedHat': 'openssh-askpass'} %}

"split-ssh-vault-installed":
  pkg.installed:
    - pkgs:
      - split-ssh-vault
{%- if config.split_ssh_askpass and grains['os_family'] in askpass %}
      - {{ askpass[grains['os_family']] }}
{%- endif %}
{%- endif %}
