        # a comment that is indented
    FROM debian:12
	RUN echo tab
  	 # another comment
   USER   app   
