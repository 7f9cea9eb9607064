FROM debian:12
constructor x
