# escape=`

FROM mcr.microsoft.com/windows/nanoserver
COPY testfile.txt c:\
RUN dir c:\
RUN echo one `
    two
ENV A="say `"hi`"" B=c:\x
