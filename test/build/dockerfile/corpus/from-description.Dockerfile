# build compiles the program
FROM golang AS build
# not about the next line

# VERSION is what it calls itself
ARG VERSION=1
#
ARG OTHER
