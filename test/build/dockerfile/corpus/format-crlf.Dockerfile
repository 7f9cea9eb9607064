# syntax=docker/dockerfile:1
FROM debian:12
RUN echo one && \
    echo two
COPY <<EOF /crlf
line
EOF
USER app
