FROM alpine
RUN cat<<EOF
RUN echo "<<EOF" '<<EOF' \<<EOF
RUN echo $((1 << 2)) $(( a << b )) && (( c = 1 << d ))
RUN ["cat", "<<EOF"]
RUN cat <<< word
CMD cat <<EOF
