FROM debian:12
SHELL []
