FROM debian:12
ENV v=${foo:-a b}
