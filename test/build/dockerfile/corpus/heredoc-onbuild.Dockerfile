FROM alpine
ONBUILD RUN <<EOF
echo a
EOF
ONBUILD COPY <<-A <<B /x/
	one
	A
two
B
