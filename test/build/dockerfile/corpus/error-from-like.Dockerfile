FROM debian:12 LIKE a
