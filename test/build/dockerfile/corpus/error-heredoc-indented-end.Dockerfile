FROM debian:12
RUN <<EOF
  hello
  EOF
