FROM busybox
ARG OPTS=--a=b
ARG URL=https://example.com/?x=1&y=2
