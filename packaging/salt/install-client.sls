{#- SPDX-License-Identifier: BSD-2-Clause #}
{#- The clients' template. #}
{%- if grains['id'] != 'dom0' %}

"split-ssh-client-installed":
  pkg.installed:
    - pkgs:
      - split-ssh-client
{%- endif %}
