
# escape=`
FROM scratch
USER a\
b
