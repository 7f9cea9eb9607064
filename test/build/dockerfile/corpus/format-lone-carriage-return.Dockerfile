FROM debian:12
USER ab
