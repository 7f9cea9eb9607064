FROM --platform=a --platform=b debian:12
