FROM alpine
RUN <<EOF
FROM scratch
# not a comment
RUN \
ENV a

EOF
USER app
