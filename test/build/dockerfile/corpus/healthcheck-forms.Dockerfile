FROM debian:12
HEALTHCHECK --interval=5m --timeout=3s \
  CMD curl -f http://localhost/ || exit 1
HEALTHCHECK NONE
HEALTHCHECK CMD ["curl", "-f", "http://localhost/"]
HEALTHCHECK --start-period=1m30s --start-interval=500ms --retries=5 cmd true
healthcheck none
HEALTHCHECK --interval=0 --timeout=1.5h CMD x
HEALTHCHECK --retries=0 CMD [not json
