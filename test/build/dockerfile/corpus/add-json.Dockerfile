FROM alpine
ADD ["a b", "/c d"]
