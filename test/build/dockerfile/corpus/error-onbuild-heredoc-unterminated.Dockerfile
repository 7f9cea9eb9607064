FROM debian:12
ONBUILD RUN <<EOF
true
