FROM debian:12
LABEL ü=1 ö
