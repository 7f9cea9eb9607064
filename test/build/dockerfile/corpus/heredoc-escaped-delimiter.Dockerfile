FROM alpine
RUN <<\EOF cat
$HOME
EOF
RUN <<E'O'F cat
$HOME
EOF
