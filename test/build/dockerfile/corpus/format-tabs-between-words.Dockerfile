FROM	debian:12	AS	base
COPY	a		b	/dst/
ENV	A=1		B=2
