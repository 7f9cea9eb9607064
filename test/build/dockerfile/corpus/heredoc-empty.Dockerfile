FROM alpine
RUN <<EOF cat
EOF
COPY <<E /e
E
