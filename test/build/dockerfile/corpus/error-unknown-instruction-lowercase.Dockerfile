FROM debian:12
cmdd x
