FROM debian:12
RUN source $HOME/.bashrc && \
echo $HOME
RUN echo "a \"quoted\" word" 'single' `date` $(ls)
