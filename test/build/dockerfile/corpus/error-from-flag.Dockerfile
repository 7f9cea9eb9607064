FROM --plattform=linux/amd64 debian:12
