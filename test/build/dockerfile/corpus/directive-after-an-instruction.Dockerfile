FROM scratch
# escape=`
# syntax=x
USER a\
b
