FROM debian
RUN <<EOT bash
  set -ex
  apt-get update
  apt-get install -y vim
EOT
RUN <<EOT
#!/usr/bin/env python
print("hello world")
EOT
RUN python3 - <<'PY'
import sys; print(f"{sys.argv}")
PY
