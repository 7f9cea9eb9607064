FORM debian:12
