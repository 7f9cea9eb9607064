FROM debian:12
ONBUILD RNU true
