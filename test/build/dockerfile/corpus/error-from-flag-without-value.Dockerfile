FROM --platform debian:12
