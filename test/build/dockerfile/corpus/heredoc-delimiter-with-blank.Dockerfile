FROM alpine
COPY <<"my file" /x
a
my file
RUN << EOF cat
blank before the delimiter
EOF
