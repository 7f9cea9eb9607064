FROM alpine
RUN <<EOF cat
 EOF
EOF 
EOF
USER app
