FROM scratch
USER app