FROM --platform=linux/arm64 debian:12 AS arm
FROM --platform=$BUILDPLATFORM debian:12 AS build
FROM --platform="linux/amd64" arm
