FROM debian:12
LABEL alone
