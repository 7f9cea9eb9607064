FROM debian:12
LABEL description all of this is one value
