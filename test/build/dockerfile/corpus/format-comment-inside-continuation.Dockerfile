FROM debian:12
RUN echo hello \
# comment
world
RUN echo a && \
    # indented comment
	# behind a tab
    echo b \
# the last line is the comment's neighbour
    && echo c
