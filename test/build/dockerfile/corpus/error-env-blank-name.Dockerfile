FROM debian:12
ENV =value
