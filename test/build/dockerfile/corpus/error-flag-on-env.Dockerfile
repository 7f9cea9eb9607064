FROM debian:12
ENV --global A=1
