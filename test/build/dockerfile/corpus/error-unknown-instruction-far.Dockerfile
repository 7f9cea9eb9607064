FROM debian:12
XYZZY plugh
