FROM debian:12
	COPY	--chwon=1	a	b
