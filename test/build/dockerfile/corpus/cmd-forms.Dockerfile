FROM debian:12
CMD ["executable","param1","param2"]
CMD ["param1","param2"]
CMD command param1 param2
CMD []
CMD
