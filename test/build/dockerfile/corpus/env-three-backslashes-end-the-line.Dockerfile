FROM debian:12
ENV A=b\\\
ENV B="c\\\
USER app
