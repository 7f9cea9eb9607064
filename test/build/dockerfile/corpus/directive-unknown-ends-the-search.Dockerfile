# unknowndirective=value
# escape=`
FROM scratch
USER a\
b
